"""One year's bronze to a silver and a quarantine file in the scratch folder: rows in = kept + quarantined."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.bronze.text import LONGEST_KEPT
from tarmac.bronze.texts import FlightText, hash_of_digests, open_flight_texts
from tarmac.engines.accounting import Cleaning, check, looks_cut, names_of, notes_on, refuse_none, warn_of_cut
from tarmac.engines.polars.flights import PARQUET, Cleaned, clean_flights, drop_rows, exact_duplicates
from tarmac.storage.lake import BronzeFile, Lake
from tarmac.tables.frames import schema_of
from tarmac.tables.quarantine import QUARANTINE

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and those to read."""


def clean_year(
    lake: Lake,
    year: int,
    *,
    files: Sequence[BronzeFile],
    scratch: Path,
    most_quarantined: float,
    progress: Progress | None = None,
) -> Cleaning:
    """Clean the year's bronze files into `scratch`.

    Args:
        lake: where the bronze is: the lake, or a local copy of its files.
        year: the year that every flight must be of.
        files: the year's bronze files.
        scratch: an empty folder of this run.
        most_quarantined: the largest share (0-1) of rows that may be set aside.
        progress: told how much is read.

    Raises:
        InputError: when a file cannot be read as flights, or too many rows cannot be right.
    """
    texts = [text for file in files for text in open_flight_texts(lake, file, scratch)]
    silver = scratch / "silver.parquet"
    cleaned = _clean(texts, year, silver, _progress_over(texts, files, progress))
    rows_in = sum(text.report.rows for text in texts)
    names = names_of([text.name for text in texts])
    refuse_none(rows_in, names)
    aside = _without_blank_lines(cleaned.aside, texts)
    duplicates = exact_duplicates(silver)
    if duplicates.size:
        aside = pl.concat([aside, _duplicates(duplicates, texts, cleaned.aside)])
        drop_rows(silver, duplicates, silver.with_suffix(".distinct"))
        silver.with_suffix(".distinct").replace(silver)
    cleaning = Cleaning(
        silver=silver,
        quarantine=scratch / "quarantine.parquet",
        rows_in=rows_in,
        rows_kept=cleaned.kept - duplicates.size,
        quarantined=_count_reasons(aside, texts),
        repairs=cleaned.repairs,
        input_hash=hash_of_digests([text.report.digest for text in texts]),
        notes=notes_on((text.header for text in texts), _cut_off(texts)),
    )
    # Before the lines are fetched: with a file of another year that is all of them.
    check(
        cleaning,
        most=most_quarantined,
        year=year,
        names=names,
        cut_off=_cut_off(texts),
        first=lambda: _first_aside(aside, texts),
    )
    _quarantine(aside, texts).write_parquet(cleaning.quarantine, compression=PARQUET["compression"])
    return cleaning


def _count_reasons(aside: pl.DataFrame, texts: Sequence[FlightText]) -> dict[str, int]:
    counts = Counter(dict(aside.group_by("reason").len().iter_rows()))
    for text in texts:
        counts.update(unsound.reason for unsound in text.report.unsound)
    return dict(sorted(counts.items()))


def _clean(texts: Sequence[FlightText], year: int, out: Path, progress: Callable[[int], None]) -> Cleaned:
    """Clean while the texts are inspected; should one prove unsound, clean again from sound copies."""
    plain = [text for text in texts if not text.report.digest]
    # What follows an unclosed quote is one field to Polars, held in memory: such a text is inspected before it is read.
    risky = [text for text in plain if text.may_fill_memory()]
    others = [text for text in plain if text not in risky]
    for text in risky:
        text.inspect(progress)
    _spool([text for text in risky if text.report.unsound], out, "mended")
    with ThreadPoolExecutor(1) as pool:
        inspections = [pool.submit(text.inspect, progress) for text in others]
        cleaned = _try_clean(texts, year, out)
        for inspection in inspections:
            inspection.result()
    unsound = [text for text in others if text.report.unsound]
    _spool(unsound, out, "sound")
    if cleaned is None:
        _spool([text for text in plain if text.report.blank_lines and not text.report.unsound], out, "filled")
    if cleaned is None or unsound or any(text.report.quoted for text in others):
        cleaned = _try_clean(texts, year, out) or clean_flights(texts, year=year, as_text=True, out=out)
    return cleaned


def _spool(texts: Sequence[FlightText], out: Path, name: str) -> None:
    for number, text in enumerate(texts):
        text.spool(out.with_name(f"{name}.{number}.csv"))


def _try_clean(texts: Sequence[FlightText], year: int, out: Path) -> Cleaned | None:
    try:
        return clean_flights(texts, year=year, as_text=False, out=out)
    except pl.exceptions.PolarsError:
        # What is wrong with the text is told by its inspection; if it is sound, the error comes again and is told.
        return None


def _progress_over(
    texts: Sequence[FlightText], files: Sequence[BronzeFile], progress: Progress | None
) -> Callable[[int], None]:
    total = sum(text.path.stat().st_size for text in texts if not text.report.digest) or sum(
        file.size for file in files
    )
    seen = {"before": 0, "last": 0}

    def tell(read: int) -> None:
        if read < seen["last"]:
            seen["before"] += seen["last"]
        seen["last"] = read
        if progress is not None:
            progress(seen["before"] + read, total)

    return tell


def _without_blank_lines(aside: pl.DataFrame, texts: Sequence[FlightText]) -> pl.DataFrame:
    blank = [
        {"source_file": text.name, "source_line": line}
        for text in texts
        for line in (*text.report.blank_lines, *(unsound.line for unsound in text.report.unsound))
    ]
    if not blank:
        return aside
    return aside.join(
        pl.DataFrame(blank, schema=aside.schema.to_python() | {"source_line": pl.Int64}).select(
            "source_file", "source_line"
        ),
        on=["source_file", "source_line"],
        how="anti",
    )


def _duplicates(positions: npt.NDArray[np.int64], texts: Sequence[FlightText], aside: pl.DataFrame) -> pl.DataFrame:
    """Where the rows at these positions of silver stand in the texts."""
    frames, before = [], 0
    for text in texts:
        removed = aside.filter(pl.col("source_file") == text.name)["source_line"].sort().to_numpy()
        kept = text.report.lines - 1 - removed.size
        here = positions[(positions >= before) & (positions < before + kept)] - before
        lines = pl.DataFrame({"source_line": source_lines(here, removed)})
        frames.append(
            lines.select(pl.lit(text.name).alias("source_file"), "source_line", pl.lit("duplicate").alias("reason"))
        )
        before += kept
    return pl.concat(frames).cast(aside.schema)


def pick_lines(path: Path, wanted: frozenset[int]) -> dict[int, bytes]:
    """The lines of these numbers (the header is 1), without their ends."""
    found: dict[int, bytes] = {}
    last = max(wanted, default=0)
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number in wanted:
                found[number] = line.rstrip(b"\r\n")
            if number >= last:
                break
    return found


def source_lines(positions: npt.NDArray[np.int64], removed: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Line numbers of rows at these positions, from 0, among the lines from 2 on that are not in `removed` (sorted)."""
    removed_before = np.searchsorted(removed - np.arange(removed.size) - 2, positions, side="right")
    return positions + 2 + removed_before


def _quarantine(aside: pl.DataFrame, texts: Sequence[FlightText]) -> pl.DataFrame:
    rows: list[tuple[str, int, str, str]] = []
    for text in texts:
        reasons = dict(aside.filter(pl.col("source_file") == text.name).select("source_line", "reason").rows())
        rows += _lines_aside(text, reasons)
        rows += [(text.name, unsound.line, unsound.reason, unsound.text) for unsound in text.report.unsound]
    return pl.DataFrame(rows, schema=schema_of(QUARANTINE), orient="row").sort("source_file", "source_line")


def _lines_aside(text: FlightText, reasons: Mapping[int, str]) -> list[tuple[str, int, str, str]]:
    lines = pick_lines(text.path, frozenset(reasons))
    return [
        (text.name, n, reasons[n], line[:LONGEST_KEPT].decode(errors="backslashreplace")) for n, line in lines.items()
    ]


def _first_aside(aside: pl.DataFrame, texts: Sequence[FlightText]) -> tuple[str, int, str, str]:
    """The first row that was set aside, in the order of the files."""
    for text in texts:
        firsts: list[tuple[str, int, str, str]] = [
            (text.name, line.line, line.reason, line.text) for line in text.report.unsound[:1]
        ]
        here = aside.filter(pl.col("source_file") == text.name)
        if here.height:
            line, reason = here.select("source_line", "reason").row(int(here["source_line"].arg_min() or 0))
            firsts += _lines_aside(text, {line: reason})
        if firsts:
            return min(firsts, key=lambda row: row[1])
    raise LookupError("no row was set aside")


def _cut_off(texts: Sequence[FlightText]) -> list[str]:
    lasts = [(text, text.report.unsound[-1]) for text in texts if text.report.unsound]
    return [
        warn_of_cut(text.name, last.line)
        for text, last in lasts
        if looks_cut(last.reason) and last.line == text.report.lines
    ]
