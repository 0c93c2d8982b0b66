"""Base classes for detectors that score each airport separately: the loop, its checks, and flags by a share of scores."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tarmac.declare import SHARE_OF_DAYS, limited
from tarmac.detect.contract import Detector, Scores, nothing
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_share_of_each, on_scored_days


@dataclass(frozen=True, kw_only=True)
class AirportDays:
    """One airport's days from the first to the last that has a value.

    `value` is NaN on days without one, and not constant; `days` are the positions of days with a value; `departed`
    counts flights; weekday 0 is Monday.
    """

    origin: str
    value: FloatArray
    days: npt.NDArray[np.int64]
    weekdays: npt.NDArray[np.int64]
    departed: FloatArray

    @property
    def known(self) -> FloatArray:
        """The values of the days with one."""
        return self.value[self.days]

    def on_days(self, values: FloatArray | float) -> FloatArray:
        """An array over all days with these values on the days with a value, else NaN."""
        result = np.full(self.value.size, np.nan)
        result[self.days] = values
        return result

    def scores(
        self,
        *,
        score: FloatArray,
        expected: FloatArray | None = None,
        lower: FloatArray | None = None,
        upper: FloatArray | None = None,
    ) -> Scores:
        """Scores of these days from arrays of one dimension; NaN for omitted arguments."""
        none = np.full(self.value.size, np.nan)
        said = (none if each is None else each for each in (expected, lower, upper))
        return Scores(**dict(zip(("expected", "lower", "upper"), said, strict=True)), score=score)


@dataclass(frozen=True, kw_only=True)
class AirportByAirport(Detector):
    """Scores each airport by its own days, history included: a detector overrides `score_airport`.

    An airport with values on fewer than `fewest_days` days, or whose values are all equal, is not scored.
    """

    fewest_days: ClassVar[int] = FEWEST_DAYS
    threads: ClassVar[bool] = True

    @abstractmethod
    def score_airport(self, airport: AirportDays) -> Scores:
        """The scores of one airport's days, in arrays of one dimension."""

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:
        """Score the airports in parallel, one thread each if `threads` allows it."""
        self.check_needs()
        whole = Scores(expected=nothing(panel), lower=nothing(panel), upper=nothing(panel), score=nothing(panel))

        def one_airport(airport: int) -> None:
            days = np.flatnonzero(~np.isnan(panel.value[airport]))
            known = panel.value[airport, days]
            if days.size < self.fewest_days or known.min() == known.max():
                return
            span = slice(days[0], days[-1] + 1)
            scores = self.score_airport(
                AirportDays(
                    origin=panel.origins[airport],
                    value=panel.value[airport, span],
                    days=days - days[0],
                    weekdays=panel.weekdays[span],
                    departed=panel.departed[airport, span],
                )
            )
            for name in ("expected", "lower", "upper", "score"):
                getattr(whole, name)[airport, span] = getattr(scores, name)

        for_each_airport(one_airport, len(panel.origins), workers=workers if self.threads else 1)
        return whole


@dataclass(frozen=True, kw_only=True)
class ShareOfEach(Detector):
    """Flags the highest `contamination` of each airport's scores."""

    contamination: float = limited(0.01, SHARE_OF_DAYS)

    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Flag a share of each airport's scored days."""
        return on_scored_days(panel, flag_share_of_each(scores.score[:, panel.scored], self.contamination))
