"""Print the rows of a query on standard output, one by one as they arrive."""

import csv
import io
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

ROWS_IN_A_TABLE = 1000
"""A table is printed only when all its rows have been read, so their number is limited."""

LONGEST_WHOLE = 40
"""Digits of a whole number that is printed in full; Postgres' numeric has up to 131,072."""


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Literal["table", "csv", "json", "object"]
) -> None:
    """Print rows as a table, CSV, a JSON array of objects, or (`object`) one JSON object of columns and rows.

    Columns with the same name are numbered: `sum`, `sum_2`. CSV is UTF-8 whatever the terminal's encoding is.
    """
    names = to_unique_names(columns)
    if form == "csv":
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        writer = csv.writer(_Lines())
        writer.writerow(names)
        writer.writerows([_as_text(value) for value in row] for row in rows)
    elif form == "table":
        _print_table(names, iter(rows))
    elif form == "object":
        _print_items(rows, '{"columns": ' + json.dumps(names) + ', "rows": [', "]}", list)
    else:
        _print_items(rows, "[", "]", lambda values: dict(zip(names, values, strict=True)))


def to_unique_names(columns: Sequence[str]) -> list[str]:
    """The names, with `_2`, `_3` … appended to repeated ones; a numbered name never equals another column's."""
    names: list[str] = []
    for column in columns:
        numbered = (f"{column}_{number}" for number in itertools.count(2))
        taken = {*columns, *names}
        names.append(next(name for name in numbered if name not in taken) if column in names else column)
    return names


class _Lines:
    """Ends lines with LF, though the csv module writes CRLF: only then does it also quote a field with a lone CR."""

    def write(self, line: str) -> None:
        """Write one row."""
        sys.stdout.write(line.removesuffix("\r\n") + "\n")


def _print_items(rows: Iterable[Sequence[Any]], start: str, end: str, shape: Callable[[list[Any]], Any]) -> None:
    narrow = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    sys.stdout.write(start)
    for i, row in enumerate(rows):
        item = shape([_as_json(value) for value in row])
        sys.stdout.write((",\n " if i else "\n ") + json.dumps(item, ensure_ascii=narrow))
    sys.stdout.write(f"\n{end}\n")


def _as_json(value: Any) -> Any:
    """A JSON value: whole numbers without a decimal point, null for numbers that are not finite, text for other types."""
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        exact = value.adjusted() < LONGEST_WHOLE and value == value.to_integral_value()
        return int(value) if exact else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else str(value)


def _as_text(value: Any) -> Any:
    """JSON values and arrays as JSON; other values unchanged."""
    return json.dumps(_as_json(value), ensure_ascii=False) if isinstance(value, dict | list | tuple) else value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(_as_text(value))


def _print_table(columns: Sequence[str], rows: "itertools.chain[Sequence[Any]] | Any") -> None:
    shown = list(itertools.islice(rows, ROWS_IN_A_TABLE))
    table = Table(header_style="bold")
    for i, name in enumerate(columns):
        numeric = any(isinstance(row[i], int | float | Decimal) for row in shown)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in shown:
        table.add_row(*(_shown(value) for value in row))
    # Output to a file or another program has no window to fit into. markup=False: a value like [/x] is printed as it is.
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)
    if next(rows, None) is not None:
        sys.stderr.write(f"Only the first {ROWS_IN_A_TABLE:,} rows are shown. For all: --format csv\n")
