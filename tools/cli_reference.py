"""The reference of the commands, written from their help: `python -m tools.cli_reference` prints docs/cli.md."""

import sys
from typing import Any

import typer

from tarmac.cli.app import app

_OPENING = """\
# Commands

Generated from `tarmac --help` by `make docs`; a test holds it up to date.

Every option that names a place or a parameter is also a variable: `--max-quarantined` is `TARMAC_MAX_QUARANTINED`. An
option wins over the variable, that over the file of `--config`, that over the default. Results go to standard output,
progress and logs to standard error. Exit codes: 0 done; 2 the request or the input is wrong; 1 the system failed.
"""


def to_markdown() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(app)
    return "\n".join([_OPENING, *(_section(command) for command in group.commands.values())])


def _section(command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    usage = " ".join(["tarmac", command.name, *(param.metavar for param in arguments), "[options]"])
    rows = [f"| `{param.metavar}` | {_cell(param.help)} | |" for param in arguments]
    rows += [f"| {_names(param)} | {_cell(param.help)} | {_default(param)} |" for param in options]
    return "\n".join(
        [
            f"## tarmac {command.name}",
            "",
            command.help,
            "",
            f"`{usage}`",
            "",
            "| option | what it does | default |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _names(param: Any) -> str:
    value = "" if param.is_flag else f" {param.metavar}"
    return _cell(", ".join(f"`{name}{value}`" for name in param.opts))


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if isinstance(param.show_default, str):
        return f"`{param.show_default}`"
    return "" if param.is_flag or param.default is None else f"`{param.default}`"


if __name__ == "__main__":
    sys.stdout.write(to_markdown())
