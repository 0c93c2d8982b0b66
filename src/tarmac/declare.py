"""Declarations of parameters and settings: dataclass fields with limits, help texts and names."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from tarmac.errors import InputError

_Record = TypeVar("_Record")


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
        """The text for messages: `in (0, 0.5]`, `at least 1`, `above 0`."""
        low = self.at_least if self.above is None else self.above
        high = self.at_most if self.below is None else self.below
        if low is not None and high is not None:
            return (
                f"in {'(' if self.above is not None else '['}{low:g}, {high:g}{')' if self.below is not None else ']'}"
            )
        if low is not None:
            return f"{'above' if self.above is not None else 'at least'} {low:g}"
        return f"{'below' if self.below is not None else 'at most'} {high:g}"


SHARE_OF_DAYS = Limit(above=0.0, at_most=0.5)
"""Limits of a share of days to flag."""

POSITIVE = Limit(above=0.0)

SEEDS = Limit(at_least=0)


def limited(default: Any, limit: Limit) -> Any:
    """A dataclass field with this default, whose value `check_limits` compares with the limit."""
    return field(default=default, metadata={"limit": limit})


def setting(
    default: Any,
    description: str,
    *,
    metavar: str = "NAME",
    limit: Limit | None = None,
    steps: tuple[str, ...] = (),
    reference: str | None = None,
    convert: Callable[[str], str] | None = None,
) -> Any:
    """A dataclass field that is a setting.

    Args:
        default: its value if none is given.
        description: one sentence, for help and documents.
        metavar: what help shows in place of a value.
        limit: the allowed values; not needed for a Literal type.
        steps: the steps of the pipeline that use it, whose commands have it as an option.
        reference: its name in the reference pipeline's variables.
        convert: converts the reference pipeline's value to ours.
    """
    told = {"help": description, "metavar": metavar, "steps": steps, "reference": reference, "convert": convert}
    return field(default=default, metadata={"setting": told, "limit": limit})


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting as declared. `kind` is str, int, float, Path or tuple; `default` is its value if none is given."""

    name: str
    kind: type
    default: Any
    limit: Limit | None
    help: str
    metavar: str
    steps: tuple[str, ...]
    reference: str | None
    convert: Callable[[str], str] | None

    @property
    def option(self) -> str:
        """Its option, in commands that have it."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"TARMAC_{self.name.upper()}"

    @property
    def about(self) -> str:
        """Its help, with the range of its values if it has one."""
        ranged = self.limit is not None and not self.limit.choices
        return f"{self.help.removesuffix('.')}, {self.limit}." if ranged else self.help

    def read(self, given: Any) -> Any:
        """Convert a value given as text, or in JSON as text, number or list.

        Raises:
            InputError: it is of another type or outside the limit.
        """
        value = _READERS[self.kind](given)
        if value is None:
            raise InputError(f"{self.name} is {given!r}. It must be {_NOUNS[self.kind]}{self._bounds()}.")
        if self.limit is not None and not self.limit.allows(value):
            raise InputError(_refusal(self.name, value, self.limit, self.default))
        return value

    def _bounds(self) -> str:
        return f" {self.limit}" if self.limit else ""

    def to_text(self, value: Any) -> str:
        """A value as text for an option or a variable."""
        return ",".join(value) if isinstance(value, list | tuple) else str(value)


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) else None


def _number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        return float(given)
    except ValueError:
        return None


def _whole(given: Any) -> int | None:
    if isinstance(given, str):
        return int(given) if re.fullmatch(r"\s*[-+]?[0-9]{1,18}\s*", given) else None
    number = _number(given)
    return int(number) if number is not None and number.is_integer() else None


def _names(given: Any) -> tuple[str, ...] | None:
    if isinstance(given, str):
        return tuple(name.strip() for name in given.split(","))
    return tuple(given) if isinstance(given, list | tuple) and all(isinstance(name, str) for name in given) else None


def _path(given: Any) -> Path | None:
    return Path(given) if isinstance(given, str | Path) and str(given) else None


_READERS: dict[type, Callable[[Any], Any]] = {str: _text, int: _whole, float: _number, Path: _path, tuple: _names}
_NOUNS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    tuple: "a list of names",
}


@cache
def declared(record: type) -> dict[str, Setting]:
    """The settings of a record and its nested records, by name, in the order of declaration."""
    found: dict[str, Setting] = {}
    for each in fields(record):
        hint: Any = each.type
        if is_dataclass(hint):
            found |= declared(hint)  # type: ignore[arg-type]
            continue
        limit = _limit_of(each)
        kind = str if get_origin(hint) is Literal else get_origin(hint) or hint
        told = dict(each.metadata["setting"])
        if limit is not None and limit.choices:
            told["metavar"] = "|".join(limit.choices)
        found[each.name] = Setting(name=each.name, kind=kind, default=each.default, limit=limit, **told)
    return found


def check_limits(record: Any, *, of: str = "") -> None:
    """Raise an InputError for the first field outside its limit; `of` names the owner of the parameters."""
    for each in fields(record):
        limit, value = _limit_of(each), getattr(record, each.name)
        if limit is not None and value is not None and not limit.allows(value):
            raise InputError(_refusal(f"{of}: {each.name}" if of else each.name, value, limit, each.default))


def _limit_of(declaration: Field[Any]) -> Limit | None:
    """The declared limit, or the values of a Literal type."""
    if get_origin(declaration.type) is Literal:
        return Limit(choices=get_args(declaration.type))
    limit: Limit | None = declaration.metadata.get("limit")
    return limit


def _refusal(name: str, value: Any, limit: Limit, default: Any) -> str:
    if limit.choices:
        return f"{name} {value!r} is unknown. Known: {', '.join(limit.choices)}."
    return f"{name} is {value}. It must be {limit}; the default is {default}."


def flat(record: Any) -> dict[str, Any]:
    """The values of the settings in a record and its nested records, by name."""
    values: dict[str, Any] = {}
    for each in fields(record):
        value = getattr(record, each.name)
        values |= flat(value) if is_dataclass(value) else {each.name: value}
    return values


def make(record: type[_Record], values: Mapping[str, Any]) -> _Record:
    """A record of settings, with nested records, from values by name; settings that are not given have their defaults."""
    given: dict[str, Any] = {}
    for each in fields(record):  # type: ignore[arg-type]
        if is_dataclass(each.type):
            given[each.name] = make(each.type, values)  # type: ignore[arg-type]
        elif each.name in values:
            given[each.name] = values[each.name]
    return record(**given)
