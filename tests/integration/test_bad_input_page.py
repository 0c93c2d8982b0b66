"""docs/bad-input.md is what Tarmac does: its examples are made by running them. To write them anew: TARMAC_WRITE_DOCS=1."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from tarmac.bronze.reading import FIGURES
from tarmac.bronze.text import Reason
from tarmac.transform import silver
from tests.support.bad_files import ASIDE, FINE, GOOD, STOPPED, BadFile
from tests.support.lakes import Answer, Command, in_process, put_bronze

PAGE = Path(__file__).parents[2] / "docs/bad-input.md"

REQUESTS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("an invalid year", ("silver", "--year", "abc", "--lake", "LAKE")),
    ("a year with a path", ("silver", "--year", "2009/../2010", "--lake", "LAKE")),
    ("years in reverse order", ("silver", "--year", "2009..2008", "--lake", "LAKE")),
    ("a year without bronze", ("silver", "--year", "2012", "--lake", "LAKE")),
    ("a step whose input does not exist yet", ("gold", "--year", "2009", "--lake", "LAKE")),
    ("a lake that does not exist", ("silver", "--year", "2009", "--lake", "LAKE/nowhere")),
    ("a lake that is a file", ("silver", "--year", "2009", "--lake", "LAKE/01_bronze/2009.csv")),
    ("an unsupported lake address", ("silver", "--year", "2009", "--lake", "ftp://host/flights")),
    ("an unknown detector", ("detect", "--year", "2009", "--lake", "LAKE", "--detectors", "iforrest")),
    ("an unknown engine", ("run", "--year", "2009", "--lake", "LAKE", "--engine", "dask")),
    ("a value that is not allowed", ("silver", "--year", "2009", "--lake", "LAKE", "--max-quarantined", "2")),
    ("a settings file that does not exist", ("silver", "--year", "2009", "--config", "LAKE/settings.json")),
    ("a source file that does not exist", ("ingest", "LAKE/none.csv", "--lake", "LAKE")),
    ("a second file for a year in bronze", ("ingest", "LAKE/other.csv", "--lake", "LAKE")),
)


@pytest.fixture
def tarmac(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command line, with a home of its own."""
    monkeypatch.setenv("TARMAC_HOME", str(tmp_path / "home"))
    return in_process(capfd)


@pytest.mark.slow
def test_the_examples_are_what_tarmac_says(tarmac: Command, tmp_path: Path) -> None:
    """Each case of the page is run; code and message stand there as they come."""
    stopped = [_file_line(case, *_clean(case, tarmac, tmp_path)) for case in STOPPED]
    aside = [_aside_line(case, *_clean(case, tarmac, tmp_path)) for case in (*ASIDE, *FINE)]
    lake = tmp_path / "requests"
    put_bronze(lake, GOOD)
    (lake / "other.csv").write_bytes(GOOD.replace(b"DEN", b"JFK"))
    requests = [_request_line(what, arguments, tarmac, lake) for what, arguments in REQUESTS]
    page = PAGE.read_text(encoding="utf-8")
    for name, head, lines in (
        ("stopped", "| file | exit code | message |\n|---|---|---|", stopped),
        ("aside", "| row or file | exit code | what happens |\n|---|---|---|", aside),
        ("requests", "| request | exit code | message |\n|---|---|---|", requests),
    ):
        mark = f"<!-- {name}: made by tests/integration/test_bad_input_page.py -->"
        made = "\n".join((mark, head, *lines, "<!-- end -->"))
        page = re.sub(rf"<!-- {name}: .*?<!-- end -->", lambda _, made=made: made, page, count=1, flags=re.DOTALL)
    if os.environ.get("TARMAC_WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "write the page anew: TARMAC_WRITE_DOCS=1"


def test_the_page_explains_every_reason_and_no_other() -> None:
    """The reasons of the quarantine are those that the code can give."""
    known = {reason for _, reason in silver.reasons_of(2009)} | set(get_args(Reason)) | set(silver.NO_COLUMN.values())
    known |= {f"bad_{name.lower()}" for name in FIGURES}
    explained = re.search(r"<!-- reasons -->(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert explained is not None
    named = [
        name for row in re.findall(r"^\| (.*?) \|", explained[1], re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(named) == sorted(known)


def _clean(case: BadFile, tarmac: Command, folder: Path) -> tuple[Answer, Path]:
    lake = folder / "lake"
    put_bronze(lake, case.make(), suffix=case.suffix)
    return tarmac("silver", "--year", 2009, "--lake", lake), lake


def _file_line(case: BadFile, answer: Answer, lake: Path) -> str:
    return f"| {case.what} | {answer.code} | {_message(answer, lake)} |"


def _aside_line(case: BadFile, answer: Answer, lake: Path) -> str:
    happens = [f"line {line} to the quarantine: `{reason}`" for reason, lines in case.aside.items() for line in lines]
    warnings = [line for line in answer.err.splitlines() if "[warning" in line and "rows quarantined" not in line]
    warned = [line.partition("] ")[2].partition(" year=")[0] for line in warnings]
    return f"| {case.what} | {answer.code} | {'; '.join([*happens, *map(_shown, warned)]) or 'read as it is'} |"


def _request_line(what: str, arguments: tuple[str, ...], tarmac: Command, lake: Path) -> str:
    answer = tarmac(*(argument.replace("LAKE", str(lake)) for argument in arguments))
    command = (
        " ".join(("tarmac", *arguments)).replace(" --lake LAKE", "", 1) if "LAKE/" not in " ".join(arguments) else ""
    )
    return f"| {what}{f': `{command}`' if command else ''} | {answer.code} | {_message(answer, lake)} |"


def _message(answer: Answer, lake: Path) -> str:
    return _shown(answer.err[answer.err.index("Error: ") :].removeprefix("Error: ").strip().replace(str(lake), "LAKE"))


def _shown(text: str) -> str:
    short = text if len(text) < 700 else f"{text[:690]}…"
    return short.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
