"""Whether a day of some carriers at some airports stands out among their other days."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tarmac.detect.panel import FloatArray
from tarmac.explanation.routes import Routes
from tarmac.explanation.scan import FLIGHT_SPREAD, Subset


@dataclass(frozen=True, kw_only=True)
class History:
    """Sums (`scan.COLUMNS`) of each carrier at each airport and day.

    `cells` has the positions of carrier and airport, one row a cell; `sums` is cells × days × columns.
    """

    cells: FloatArray
    sums: FloatArray

    def of(self, subset: Subset) -> FloatArray:
        """The subset's sums, days × columns."""
        chosen = np.isin(self.cells[:, 1], subset.airports)
        if subset.carriers:
            chosen &= np.isin(self.cells[:, 0], subset.carriers)
        return np.asarray(self.sums[chosen].sum(axis=0, dtype=np.float64))


def history_of(routes: Routes, sums: Sequence[FloatArray]) -> History:
    """The history of all cells that have flights; `sums` has an array for each of `scan.COLUMNS`."""
    code = routes.carrier * len(routes.airports) + routes.origin
    cells, cell = np.unique(code, return_inverse=True)
    shape = (cells.size, routes.days)
    place = cell * routes.days + routes.day
    columns = [np.bincount(place, weights=column, minlength=shape[0] * shape[1]) for column in sums]
    return History(
        cells=np.stack(np.divmod(cells, len(routes.airports)), axis=1),
        sums=np.stack([column.astype(np.float32).reshape(shape) for column in columns], axis=-1),
    )


def deviation(sums: FloatArray, day: int) -> float:
    """By how many standard deviations the day's cancellations and delays together exceed the other days'.

    A day's share varies by chance, as far as its flights are few, and from day to day, as the upper half of the other
    days does.
    """
    flights, cancelled, usual, departed, late, usual_late = sums.T
    share = np.clip(usual[day] / max(flights[day], 1.0), 0.0, 0.5)
    chance = share * (1.0 - share) / max(flights[day], 1.0)
    by_cancellations = _beyond(cancelled - usual, flights, day, chance)
    by_delays = _beyond(late - usual_late, departed, day, FLIGHT_SPREAD**2 / max(departed[day], 1.0))
    return float(np.hypot(by_cancellations, by_delays))


def _beyond(excess: FloatArray, count: FloatArray, day: int, chance: float) -> float:
    if count[day] <= 0:
        return 0.0
    others = count > 0.3 * count[day]
    others[max(0, day - 1) : day + 2] = False
    rates = excess[others] / count[others]
    middle, upper = np.quantile(rates, [0.5, 0.8]) if rates.size >= 5 else (0.0, 0.0)
    spread = (upper - middle) / 0.8416
    return float(max(0.0, excess[day] / count[day] - middle) / np.sqrt(spread**2 + chance))
