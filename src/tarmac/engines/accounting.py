"""What a cleaning must account for, whatever engine did it: rows in = kept + quarantined, and not too many of the latter."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tarmac.bronze.header import Header
from tarmac.errors import InputError, SystemFailure

_CUT = frozenset({"wrong_number_of_fields", "unclosed_quote", "not_utf8"})
"""What the last line of a file that was cut off looks like."""


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    """A cleaned year, not published yet: its two files and what was counted."""

    silver: Path
    quarantine: Path
    rows_in: int
    rows_kept: int
    quarantined: Mapping[str, int]
    repairs: Mapping[str, int]
    input_hash: str
    notes: tuple[str, ...]

    @property
    def rows_quarantined(self) -> int:
        """Rows set aside, for whatever reason."""
        return sum(self.quarantined.values())


def refuse_none(rows: int, names: str) -> None:
    """Raises InputError where the files hold no rows."""
    if not rows:
        raise InputError(f"{names}: a header and no flights. Nothing was published; download the file again.")


def notes_on(headers: Iterable[Header], cut_off: Sequence[str]) -> tuple[str, ...]:
    """What the user is told of the files: columns left out, and which file may be cut off."""
    extra = sorted({name for header in headers for name in header.extra})
    left_out = [f"left out {len(extra)} columns that Tarmac does not know: {', '.join(extra[:10])}"] if extra else []
    return (*left_out, *cut_off)


def looks_cut(reason: str) -> bool:
    """Whether the last line of a file that was cut off would be set aside for this reason."""
    return reason in _CUT


def warn_of_cut(name: str, line: int) -> str:
    """What the user is told of a file whose last line is unsound."""
    return f"{name} ends in the middle of line {line}: it may be cut off. Compare its size with the source's."


def names_of(names: Sequence[str]) -> str:
    """The first files' names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def check(
    cleaning: Cleaning,
    *,
    most: float,
    year: int,
    names: str,
    cut_off: Sequence[str],
    first: Callable[[], tuple[str, int, str, str]],
) -> None:
    """Make sure that every row is accounted for, and not too many are set aside.

    Args:
        cleaning: what was counted.
        most: the largest share (0-1) that may be set aside.
        year: the year that the flights should be of.
        names: the files, for the message.
        cut_off: warnings of files that may be cut off.
        first: gives file, line, reason and text of the first row set aside.

    Raises:
        SystemFailure: when rows were lost or made.
        InputError: when too many rows, or all, cannot be right.
    """
    if cleaning.rows_in != cleaning.rows_kept + cleaning.rows_quarantined:
        raise SystemFailure(
            f"{names}: {cleaning.rows_in:,} rows went in, but {cleaning.rows_kept:,} were kept and "
            f"{cleaning.rows_quarantined:,} quarantined. Nothing was published. This is a defect of Tarmac: please report it."
        )
    share = cleaning.rows_quarantined / cleaning.rows_in
    if share <= most and cleaning.rows_kept:
        return
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in Counter(cleaning.quarantined).most_common(5))
    file, line, reason, row = first()
    hint = " ".join((*cut_off, "Mend the file, or allow more with --max-quarantined."))
    if cleaning.quarantined.get("wrong_year", 0) > cleaning.rows_in / 2:
        hint = f"Are these flights of another year than {year}?"
    raise InputError(
        f"{cleaning.rows_quarantined:,} of {cleaning.rows_in:,} rows of {names} cannot be right ({share:.1%}; at most "
        f"{most:.1%} may be): {reasons}. The first: {file}, line {line}, {reason}: "
        f"{row[:120]!r}. Nothing was published. {hint}"
    )
