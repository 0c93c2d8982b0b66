"""What values a parameter may have, declared with its default: of detectors and of `DetectParameters` alike."""

import operator
from dataclasses import dataclass, field, fields
from typing import Any

from tarmac.errors import InputError

_LIMIT = "limit"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A range, or the values to choose from. A parameter that is None is not checked."""

    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()

    def allows(self, value: Any) -> bool:
        """Whether a value is within the limit; NaN never is."""
        if self.choices:
            return value in self.choices
        ends = (
            (self.above, operator.gt),
            (self.at_least, operator.ge),
            (self.at_most, operator.le),
            (self.below, operator.lt),
        )
        return all(end is None or compare(value, end) for end, compare in ends)

    def __str__(self) -> str:
        """As messages say it: `in (0, 0.5]`, `at least 1`, `above 0`."""
        low = self.at_least if self.above is None else self.above
        high = self.at_most if self.below is None else self.below
        if low is not None and high is not None:
            return (
                f"in {'(' if self.above is not None else '['}{low:g}, {high:g}{')' if self.below is not None else ']'}"
            )
        if low is not None:
            return f"{'above' if self.above is not None else 'at least'} {low:g}"
        return f"{'below' if self.below is not None else 'at most'} {high:g}"


def limited(default: Any, limit: Limit) -> Any:
    """A dataclass field with this default, whose value `check_limits` compares with the limit."""
    return field(default=default, metadata={_LIMIT: limit})


def check_limits(record: Any, *, of: str = "") -> None:
    """Raise an InputError for the first field outside its limit; `of` names whose parameter it is."""
    for each in fields(record):
        limit, value = each.metadata.get(_LIMIT), getattr(record, each.name)
        if limit is None or value is None or limit.allows(value):
            continue
        name = f"{of}: {each.name}" if of else each.name
        if limit.choices:
            raise InputError(f"{name} {value!r} is unknown. Known: {', '.join(limit.choices)}.")
        raise InputError(f"{name} is {value}. It must be {limit}; {each.default} is usual.")


SHARE_OF_DAYS = Limit(above=0.0, at_most=0.5)
"""Of a share of days to flag."""

POSITIVE = Limit(above=0.0)

SEEDS = Limit(at_least=0)
