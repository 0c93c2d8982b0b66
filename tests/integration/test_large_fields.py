"""A field of 100 MB: its row is set aside, its neighbours stay, and the memory does not grow by multiples of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.flight_lines import flights, gz, kaggle_csv, kaggle_line
from tests.support.lakes import lines_by_reason, put_bronze, quarantine, silver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc"),
]

BASE = flights(300)
HUGE = 100_000_000
MOST_MEMORY = 400_000_000
"""Bytes; a whole year may have 1 GB."""

_RUN = """
import re, sys
from pathlib import Path
from tarmac.cli.app import run_command
code = run_command(sys.argv[1:])
# Not getrusage, which counts what the parent held when it forked.
print(int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("quotes", [(b"", b""), (b'"', b'"'), (b'"', b"")], ids=["bare", "quoted", "unclosed"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_field_of_100_mb_costs_one_row(quotes: tuple[bytes, bytes], suffix: str, tmp_path: Path) -> None:
    """Bare, quoted or with an unclosed quote, plain or packed."""
    rows: list[bytes | dict[str, str]] = list(BASE)
    rows[10] = kaggle_line(BASE[10]).replace(b"UA", quotes[0] + b"9" * HUGE + quotes[1])
    text = kaggle_csv(rows)
    put_bronze(tmp_path, gz(text) if suffix == ".csv.gz" else text, suffix=suffix)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "silver", "--year", "2009", "--lake", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"][0]["rows_in"] == 300
    assert lines_by_reason(quarantine(tmp_path)) == {"line_too_long": [12]}
    assert len(quarantine(tmp_path)["row"][0]) == 1 << 16
    assert silver(tmp_path).height == 299
    assert int(done.stderr.splitlines()[-1]) < MOST_MEMORY
