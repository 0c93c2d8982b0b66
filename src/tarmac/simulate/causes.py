"""Why flights were cancelled or late: codes A to D, and the minutes of each cause, which sum to the arrival delay.

Records name the true cause of a disruption for three quarters of its cancellations, and for two thirds of the minutes that no
late aircraft brought; the rest names anything else, as on ordinary days.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tarmac.simulate.delays import Singles

if TYPE_CHECKING:
    import polars as pl

Causes = NDArray[np.int8]

CAUSES = ("CARRIER_DELAY", "WEATHER_DELAY", "NAS_DELAY", "SECURITY_DELAY", "LATE_AIRCRAFT_DELAY")
CAUSE_WORDS = ("", "carrier", "weather", "national air system", "security")
"""The true cause of what is wrong; first, that of ordinary flights, which have none."""

_CODES = ("A", "B", "C", "D")  # carrier, weather, air traffic control, security
_TRUE_CODES, _TRUE_MINUTES, _LATE_AIRCRAFT = 0.75, 2 / 3, 0.30

# Ordinary shares as in the Kaggle sample of 2018.
_ORDINARY_CODES = np.array([0.52, 0.34, 0.135, 0.005])
_ORDINARY_MINUTES = np.array([0.36, 0.05, 0.13, 0.002])


def _shares(ordinary: NDArray[np.float64], true_share: float) -> NDArray[np.float64]:
    """A row for each of CAUSE_WORDS: ordinary shares, and those with one cause named so often."""
    rows = [ordinary / ordinary.sum()]
    for cause in range(len(ordinary)):
        others = np.where(np.arange(len(ordinary)) == cause, 0.0, ordinary)
        row = (1 - true_share) * others / others.sum()
        row[cause] = true_share
        rows.append(row)
    return np.array(rows)


_CODE_SHARES = _shares(_ORDINARY_CODES, _TRUE_CODES)
_LATE = np.array([[0.458], *[[_LATE_AIRCRAFT]] * len(_CODES)])
_MINUTE_SHARES = np.hstack([(1 - _LATE) * _shares(_ORDINARY_MINUTES, _TRUE_MINUTES), _LATE])


def cancellation_codes(cancelled: NDArray[np.bool_], cause: Causes, rng: np.random.Generator) -> "pl.Series":
    """A code for each cancelled flight, null for the others; `cause` indexes CAUSE_WORDS."""
    import polars as pl

    code = np.full(len(cancelled), len(_CODES))
    code[cancelled] = _pick(_CODE_SHARES, cause[cancelled], rng)
    return pl.Series([*_CODES, None], dtype=pl.String).gather(code)


def cause_minutes(arrival_delay: Singles, cause: Causes, rng: np.random.Generator) -> dict[str, Singles]:
    """Minutes of each cause where a flight arrives 15 minutes late or more: one main cause, sometimes a second."""
    minutes = np.full((len(CAUSES), len(arrival_delay)), np.nan, dtype=np.float32)
    rows = np.flatnonzero(arrival_delay >= 15)
    late, causes = arrival_delay[rows], cause[rows]
    mainly = np.where(rng.random(len(rows)) < 0.5, 1.0, rng.uniform(0.4, 0.95, len(rows)))
    main = np.rint(late * mainly).astype(np.float32)
    minutes[:, rows] = 0
    minutes[_pick(_MINUTE_SHARES, causes, rng), rows] = main
    minutes[_pick(_MINUTE_SHARES, causes, rng), rows] += late - main
    return dict(zip(CAUSES, minutes, strict=True))


def _pick(shares: NDArray[np.float64], cause: Causes, rng: np.random.Generator) -> NDArray[np.int64]:
    """A column of `shares` for each flight, drawn by the row of its cause."""
    until = np.cumsum(shares, axis=1)[:, :-1]
    picked: NDArray[np.int64] = (rng.random(len(cause))[:, None] >= until[cause]).sum(axis=1)
    return picked
