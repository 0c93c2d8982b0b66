"""Lakes in folders, and commands run in this process, for tests from the user's point of view."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tarmac.cli.app import run_command

YEAR = 2009


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A command's exit code and output."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        return json.loads(self.out)

    def run(self) -> dict[str, Any]:
        """The record of the one run."""
        (record,) = self.json()["runs"]
        return record


Command = Callable[..., Answer]


def in_process(capfd: pytest.CaptureFixture[str]) -> Command:
    """A function that runs a command and returns its exit code and output."""

    def command(*arguments: object) -> Answer:
        capfd.readouterr()
        code = run_command([str(argument) for argument in arguments])
        written = capfd.readouterr()
        return Answer(code=code, out=written.out, err=written.err)

    return command


def put_bronze(lake: Path, text: bytes, *, suffix: str = ".csv", year: int = YEAR) -> Path:
    """Write the year's only bronze file, without `tarmac ingest`."""
    folder = lake / "01_bronze"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{year}.*"):
        old.unlink()
    file = folder / f"{year}{suffix}"
    file.write_bytes(text)
    return file


def zones(lake: Path) -> dict[str, str]:
    """Every file of the three zones, with the hash of its bytes."""
    return {
        str(file.relative_to(lake)): hashlib.sha256(file.read_bytes()).hexdigest()
        for zone in ("01_bronze", "02_silver", "03_gold")
        for file in sorted((lake / zone).rglob("*"))
        if file.is_file()
    }


def leftovers(lake: Path) -> list[str]:
    """The files in the lake's scratch folder."""
    return sorted(str(path.relative_to(lake)) for path in (lake / ".scratch").rglob("*"))


def silver(lake: Path, year: int = YEAR) -> pl.DataFrame:
    """The year's clean flights."""
    return pl.read_parquet(lake / f"02_silver/year/{year}/{year}_02_silver.parquet")


def quarantine(lake: Path, year: int = YEAR) -> pl.DataFrame:
    """The year's quarantined rows."""
    return pl.read_parquet(lake / f"02_silver/year/{year}/{year}_02_quarantine.parquet")


def lines_by_reason(aside: pl.DataFrame) -> dict[str, list[int]]:
    """The quarantined lines, by reason."""
    return dict(aside.group_by("reason").agg(pl.col("source_line").sort()).sort("reason").iter_rows())


def assert_says(text: str, said: Sequence[str]) -> None:
    """Assert that the text contains each of these, and no traceback."""
    assert "Traceback" not in text
    for fragment in said:
        assert fragment in text
