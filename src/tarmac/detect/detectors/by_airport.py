"""What detectors that judge each airport on its own share: the loop, the guards, and the cut of each airport's scores."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tarmac.declare import SHARE_OF_DAYS, limited
from tarmac.detect.contract import Detector, Judgement, nothing
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_share_of_each, on_judged_days


@dataclass(frozen=True, kw_only=True)
class AirportDays:
    """One airport's days from the first to the last that has a value.

    `value` is NaN on days without one, and not constant; `days` are the positions of those that have one; `departed`
    counts flights; weekday 0 is Monday.
    """

    origin: str
    value: FloatArray
    days: npt.NDArray[np.int64]
    weekdays: npt.NDArray[np.int64]
    departed: FloatArray

    @property
    def known(self) -> FloatArray:
        """The values of the days that have one."""
        return self.value[self.days]

    def on_days(self, values: FloatArray | float) -> FloatArray:
        """An array of all days with these values where there is one to judge, else NaN."""
        result = np.full(self.value.size, np.nan)
        result[self.days] = values
        return result

    def judgement(
        self,
        *,
        score: FloatArray,
        expected: FloatArray | None = None,
        lower: FloatArray | None = None,
        upper: FloatArray | None = None,
    ) -> Judgement:
        """A judgement of these days, arrays of one dimension; what is not given is NaN."""
        none = np.full(self.value.size, np.nan)
        said = (none if each is None else each for each in (expected, lower, upper))
        return Judgement(**dict(zip(("expected", "lower", "upper"), said, strict=True)), score=score)


@dataclass(frozen=True, kw_only=True)
class AirportByAirport(Detector):
    """Judges each airport by its own days, history included: a detector overrides `judge_airport`.

    An airport with values on fewer than `fewest_days` days, or whose values are all equal, is not judged.
    """

    fewest_days: ClassVar[int] = FEWEST_DAYS
    threads: ClassVar[bool] = True

    @abstractmethod
    def judge_airport(self, airport: AirportDays) -> Judgement:
        """The judgement of one airport's days, in arrays of one dimension."""

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Judge the airports side by side, one thread each where `threads` allows it."""
        self.check_needs()
        whole = Judgement(expected=nothing(panel), lower=nothing(panel), upper=nothing(panel), score=nothing(panel))

        def one_airport(airport: int) -> None:
            days = np.flatnonzero(~np.isnan(panel.value[airport]))
            known = panel.value[airport, days]
            if days.size < self.fewest_days or known.min() == known.max():
                return
            span = slice(days[0], days[-1] + 1)
            judgement = self.judge_airport(
                AirportDays(
                    origin=panel.origins[airport],
                    value=panel.value[airport, span],
                    days=days - days[0],
                    weekdays=panel.weekdays[span],
                    departed=panel.departed[airport, span],
                )
            )
            for name in ("expected", "lower", "upper", "score"):
                getattr(whole, name)[airport, span] = getattr(judgement, name)

        for_each_airport(one_airport, len(panel.origins), workers=workers if self.threads else 1)
        return whole


@dataclass(frozen=True, kw_only=True)
class ShareOfEach(Detector):
    """Flags the highest `contamination` of each airport's scores."""

    contamination: float = limited(0.01, SHARE_OF_DAYS)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag a share of each airport's judged days."""
        return on_judged_days(panel, flag_share_of_each(judgement.score[:, panel.judged], self.contamination))
