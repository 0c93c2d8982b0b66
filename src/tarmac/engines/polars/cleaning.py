"""The parts of cleaning a year with Polars: inspect and read the texts, find duplicates, collect the quarantine."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.bronze.text import LONGEST_KEPT
from tarmac.bronze.texts import FlightText
from tarmac.engines.base import Progress, looks_cut, warn_of_cut
from tarmac.engines.polars.flights import Cleaned, clean_flights
from tarmac.storage.lake import BronzeFile
from tarmac.tables.frames import schema_of
from tarmac.tables.quarantine import QUARANTINE


def count_reasons(quarantined: pl.DataFrame, texts: Sequence[FlightText]) -> dict[str, int]:
    """Quarantined rows by reason, in order of reason."""
    counts = Counter(dict(quarantined.group_by("reason").len().iter_rows()))
    for text in texts:
        counts.update(malformed.reason for malformed in text.report.malformed)
    return dict(sorted(counts.items()))


def clean_texts(texts: Sequence[FlightText], year: int, out: Path, progress: Callable[[int], None]) -> Cleaned:
    """Write the valid rows, including exact duplicates, to `out` and return the others; every text's report is then complete.

    The texts are cleaned while they are inspected. If one is damaged, they are cleaned again from repaired copies.
    """
    plain = [text for text in texts if not text.report.digest]
    # For Polars, everything after an unclosed quote is one field in memory: such a text is inspected before it is read.
    risky = [text for text in plain if text.may_fill_memory()]
    others = [text for text in plain if text not in risky]
    for text in risky:
        text.inspect(progress)
    _spool([text for text in risky if text.report.malformed], out, "repaired")
    cleaned: Cleaned | None = None
    with ThreadPoolExecutor(1) as pool:
        inspections = [pool.submit(text.inspect, progress) for text in others]
        # The inspection reports what is wrong with a text; if nothing is, the same error is raised again below.
        with suppress(pl.exceptions.PolarsError):
            cleaned = clean_flights(texts, year=year, as_text=False, out=out)
        for inspection in inspections:
            inspection.result()
    malformed = [text for text in others if text.report.malformed]
    _spool(malformed, out, "well_formed")
    if cleaned is None:
        _spool([text for text in plain if text.report.blank_lines and not text.report.malformed], out, "filled")
    elif not malformed and not any(text.report.quoted for text in others):
        return cleaned
    try:
        return clean_flights(texts, year=year, as_text=False, out=out)
    except pl.exceptions.PolarsError:
        return clean_flights(texts, year=year, as_text=True, out=out)


def _spool(texts: Sequence[FlightText], out: Path, name: str) -> None:
    for number, text in enumerate(texts):
        text.spool(out.with_name(f"{name}.{number}.csv"))


def progress_over(
    texts: Sequence[FlightText], files: Sequence[BronzeFile], progress: Progress | None
) -> Callable[[int], None]:
    """A callback for inspecting these texts one after the other, which reports the total to `progress`."""
    total = sum(text.path.stat().st_size for text in texts if not text.report.digest) or sum(
        file.size for file in files
    )
    seen = {"before": 0, "last": 0}

    def report(read: int) -> None:
        if read < seen["last"]:
            seen["before"] += seen["last"]
        seen["last"] = read
        if progress is not None:
            progress(seen["before"] + read, total)

    return report


def without_empty_rows(quarantined: pl.DataFrame, texts: Sequence[FlightText]) -> pl.DataFrame:
    """Without the all-null rows that blank and malformed lines become."""
    blank = [
        {"source_file": text.name, "source_line": line}
        for text in texts
        for line in (*text.report.blank_lines, *(malformed.line for malformed in text.report.malformed))
    ]
    if not blank:
        return quarantined
    return quarantined.join(
        pl.DataFrame(blank, schema=quarantined.schema.to_python() | {"source_line": pl.Int64}).select(
            "source_file", "source_line"
        ),
        on=["source_file", "source_line"],
        how="anti",
    )


def lines_of(positions: npt.NDArray[np.int64], texts: Sequence[FlightText], quarantined: pl.DataFrame) -> pl.DataFrame:
    """`source_file` and `source_line` of the rows at these positions of silver, all with the reason "duplicate"."""
    frames, before = [], 0
    for text in texts:
        removed = quarantined.filter(pl.col("source_file") == text.name)["source_line"].sort().to_numpy()
        kept = text.report.lines - text.header.lines - removed.size
        here = positions[(positions >= before) & (positions < before + kept)] - before
        lines = pl.DataFrame({"source_line": source_lines(here, removed, text.header.lines + 1)})
        frames.append(
            lines.select(pl.lit(text.name).alias("source_file"), "source_line", pl.lit("duplicate").alias("reason"))
        )
        before += kept
    return pl.concat(frames).cast(quarantined.schema)


def source_lines(
    positions: npt.NDArray[np.int64], removed: npt.NDArray[np.int64], first: int = 2
) -> npt.NDArray[np.int64]:
    """Line numbers of the rows at these positions (from 0), counting lines from `first` that are not in `removed` (sorted)."""
    removed_before = np.searchsorted(removed - np.arange(removed.size) - first, positions, side="right")
    return positions + first + removed_before


def quarantine_of(quarantined: pl.DataFrame, texts: Sequence[FlightText]) -> pl.DataFrame:
    """The quarantine (tables/quarantine.py): invalid rows and malformed lines."""
    rows: list[tuple[str, int, str, str]] = []
    for text in texts:
        reasons = dict(quarantined.filter(pl.col("source_file") == text.name).select("source_line", "reason").rows())
        rows += _quarantined_lines(text, reasons)
        rows += [(text.name, malformed.line, malformed.reason, malformed.text) for malformed in text.report.malformed]
    return pl.DataFrame(rows, schema=schema_of(QUARANTINE), orient="row").sort("source_file", "source_line")


def _quarantined_lines(text: FlightText, reasons: Mapping[int, str]) -> list[tuple[str, int, str, str]]:
    lines = text.lines(frozenset(reasons))
    return [
        (text.name, n, reasons[n], line[:LONGEST_KEPT].decode(errors="backslashreplace")) for n, line in lines.items()
    ]


def first_quarantined(quarantined: pl.DataFrame, texts: Sequence[FlightText]) -> tuple[str, int, str, str]:
    """File, line, reason and text of the first quarantined row, in the order of the files."""
    for text in texts:
        firsts: list[tuple[str, int, str, str]] = [
            (text.name, line.line, line.reason, line.text) for line in text.report.malformed[:1]
        ]
        here = quarantined.filter(pl.col("source_file") == text.name)
        if here.height:
            line, reason = here.select("source_line", "reason").row(int(here["source_line"].arg_min() or 0))
            firsts += _quarantined_lines(text, {line: reason})
        if firsts:
            return min(firsts, key=lambda row: row[1])
    raise LookupError("no row was set aside")


def notes_on_cut(texts: Sequence[FlightText]) -> list[str]:
    """A note on each text whose last line is damaged."""
    lasts = [(text, text.report.malformed[-1]) for text in texts if text.report.malformed]
    return [
        warn_of_cut(text.name, last.line)
        for text, last in lasts
        if looks_cut(last.reason) and last.line == text.report.lines
    ]
