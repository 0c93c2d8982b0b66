"""What people see while a run goes on: bars on a terminal, plain lines elsewhere, nothing when quiet."""

import json
import os
import subprocess
import sys

import pytest

from tarmac.cli.console import configure_logs, open_terminal, print_json, print_table

RUN = """
from tarmac.cli.console import configure_logs, open_terminal
configure_logs("text", quiet={quiet})
with open_terminal(quiet={quiet}).step("silver", 2013) as tell:
    tell(0.5)
open_terminal(quiet={quiet}).note("rows quarantined", rows=3)
"""


def on_a_terminal(*, quiet: bool) -> str:
    """What the step writes to a standard error that is a terminal."""
    ours, theirs = os.openpty()
    unset = {"NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CI"}
    environment = {name: value for name, value in os.environ.items() if name not in unset} | {
        "TERM": "xterm",
        "COLUMNS": "80",
    }
    try:
        subprocess.run([sys.executable, "-c", RUN.format(quiet=quiet)], stderr=theirs, env=environment, check=True)
    finally:
        os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 4096):
            seen += block
    except OSError:  # Linux: the other end is closed, and all was read
        pass
    finally:
        os.close(ours)
    return seen.decode()


def test_on_a_terminal_a_step_is_a_moving_bar():
    """With the step in plain words, full at its end."""
    seen = on_a_terminal(quiet=False)
    assert "clean 2013" in seen
    assert "━" in seen
    assert "step=silver" not in seen
    assert "rows quarantined" in seen


def test_quiet_says_nothing_even_on_a_terminal():
    """Only the result is wanted."""
    assert on_a_terminal(quiet=True) == ""


def test_elsewhere_a_step_is_two_plain_lines(capsys):
    """No control characters in a log file; nothing on standard output."""
    configure_logs("text", quiet=False)
    with open_terminal(quiet=False).step("silver", 2013) as tell:
        tell(0.5)
    shown = capsys.readouterr()
    begin, done = shown.err.splitlines()
    assert "begin" in begin
    assert "done" in done
    assert "step=silver" in begin
    assert "year=2013" in begin
    assert "\x1b" not in shown.err
    assert shown.out == ""


def test_logs_are_json_when_asked(capsys):
    """One object a line, with a time and a level."""
    configure_logs("json", quiet=False)
    open_terminal(quiet=False).note("rows quarantined", reason="bad_origin", rows=3)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "rows quarantined", "level": "warning", "reason": "bad_origin", "rows": 3}


def test_a_step_that_fails_is_not_done(capsys):
    """The log ends with its beginning, and the error goes on."""
    configure_logs("text", quiet=False)
    with pytest.raises(ZeroDivisionError), open_terminal(quiet=False).step("gold", 2013):
        1 / 0  # noqa: B018
    assert "done" not in capsys.readouterr().err


def test_print_json_writes_one_line_on_standard_output(capsys):
    """Whatever it holds."""
    print_json({"path": os, "name": "é"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["name"] == "é"


def test_a_closing_table_shows_thousands_and_hundredths(capsys):
    """Numbers for people; null is empty."""
    print_table("", ("step", "rows", "seconds"), [("silver", 336776, 1.637), ("load", None, None), ("gold", True, 0.0)])
    out = capsys.readouterr().out
    assert all(shown in out for shown in ("336,776", "1.64", "0.00", "silver"))
    assert "None" not in out
