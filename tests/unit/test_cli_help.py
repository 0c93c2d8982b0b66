"""What a person finds out by asking the command line itself."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tarmac import __version__
from tarmac.cli.app import app, run_command
from tarmac.declare import flat
from tarmac.settings import ALL_STEPS, SETTINGS, Settings

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = typer.main.get_command(app).commands


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a successful command prints, boxes and line breaks removed."""
    assert run_command(list(arguments)) == 0
    return " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())


def test_the_contract_s_commands_are_all_there():
    """Other programs call them."""
    contract = {"demo", "ingest", "run", "silver", "gold", "detect", "load", "report", "query", "simulate"}
    assert contract <= set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_s_help_opens_with_what_it_does_and_names_each_option(capsys, command: str):
    """With its default, or that it must be given."""
    text = shown(capsys, command, "--help")
    about = COMMANDS[command].help
    assert about.endswith(".")
    assert text.startswith(f"Usage: tarmac {command}")
    assert text.index(about) < text.index(" Options: ")
    for option in (param for param in COMMANDS[command].params if param.param_type_name == "option"):
        assert option.help.endswith("."), option.name
        assert option.opts[0] in text
        if option.required:
            assert "[required]" in text
        elif isinstance(option.show_default, str):
            assert f"[default: ({option.show_default})]".replace(" ", "") in text.replace(" ", "")


def test_the_defaults_that_help_shows_are_the_defaults_that_are_used():
    """Also those that follow from others, such as the lake's."""
    used = {name: SETTINGS[name].to_text(value) for name, value in flat(Settings()).items()}
    told = {
        param.name: param.show_default
        for command in COMMANDS.values()
        for param in command.params
        if isinstance(getattr(param, "show_default", None), str) and param.name in used
    }
    assert len(told) >= 9
    assert told == {name: used[name] for name in told}


def test_a_step_s_command_has_the_options_that_the_step_uses_and_run_has_them_all():
    """By the declarations; no command has an option that it does not use."""
    options = {name: {param.name for param in command.params} & set(SETTINGS) for name, command in COMMANDS.items()}
    for step in ALL_STEPS:
        assert options[step] == {name for name, each in SETTINGS.items() if step in each.steps}
    assert options["run"] == set().union(*(options[step] for step in ALL_STEPS))
    assert options["load"] == {"lake", "request_payer", "warehouse"}


FOREIGN = {
    "src/tarmac/storage/aws.py": {"--profile"},
    "src/tarmac/engines/spark/java.py": {"--add-modules"},
    "src/tarmac/warehouse/embedded.py": {
        "--auth",
        "--encoding",
        "--no-instructions",
        "--no-locale",
        "--single",
        "--username",
    },
}
"""Options of other programs that Tarmac's source names: of aws, java and initdb."""

SOURCES = sorted((ROOT / "src/tarmac").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "dags").rglob("*.py"))]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
OPTIONS = {
    name: {"--help", *(opt for each in command.params for opt in each.opts)} for name, command in COMMANDS.items()
}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_message_names_only_options_that_exist(file: Path):
    """Of some command of Tarmac; a message that advises another helps nobody."""
    named = {option for text in _texts(file) for option in OPTION.findall(text)}
    known = set().union({"--version"}, *OPTIONS.values(), FOREIGN.get(file.relative_to(ROOT).as_posix(), set()))
    assert named <= known


@pytest.mark.parametrize("file", [*SOURCES, *PAGES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_command_that_a_text_shows_has_the_options_shown_with_it(file: Path):
    """What follows "tarmac COMMAND" in a message or on a page can be typed."""
    for text in _texts(file) if file.suffix == ".py" else file.read_text(encoding="utf-8").splitlines():
        for command, rest in re.findall(rf"\btarmac ({'|'.join(COMMANDS)})\b([^`;|:.]*)", text):
            assert set(OPTION.findall(rest)) <= OPTIONS[command], text


def _texts(file: Path) -> list[str]:
    """The string literals of a module, docstrings among them."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_tarmac_alone_shows_what_it_can_do(capsys):
    """Exit code 2: nothing was asked for."""
    assert run_command([]) == 2
    printed = capsys.readouterr()
    assert all(name in printed.out for name in COMMANDS)
    assert "tarmac demo" in printed.out
    assert printed.err == ""


def test_the_version_is_told(capsys):
    """It is the package's."""
    assert shown(capsys, "--version") == f"tarmac {__version__}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runn", "--year", "2013"], "No such command 'runn'. Did you mean 'run'? Try: tarmac --help"),
        (
            ["run", "--yeer", "2013"],
            "No such option: --yeer (Possible options: --seed, --year). Try: tarmac run --help",
        ),
        (["run"], "Missing option '--year'. Try: tarmac run --help"),
        (["simulate", "--year", "soon"], "valid integer"),
        (["query", "SELECT 1", "--format", "xml"], "is not one of"),
        (
            ["run", "--year", "2013", "--engine", "dask"],
            "engine 'dask' is unknown. Known: polars, spark. Fix --engine.",
        ),
    ],
)
def test_a_wrong_request_ends_with_two_and_the_way_out(capsys, arguments, message):
    """No traceback; nothing on standard output."""
    assert run_command(arguments) == 2
    printed = capsys.readouterr()
    assert message in " ".join(printed.err.split())
    assert printed.err.startswith("Error: ")
    assert printed.out == ""


def test_python_m_tarmac_is_the_command():
    """With its exit code."""
    done = subprocess.run([sys.executable, "-m", "tarmac", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"tarmac {__version__}\n"
    wrong = subprocess.run([sys.executable, "-m", "tarmac", "nonsense"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "No such command 'nonsense'" in wrong.stderr


def test_help_imports_nothing_heavy():
    """It must come at once; so what it imports is looked at, not the clock."""
    code = (
        "import sys; from tarmac.cli.app import run_command; code = run_command(['--help']); "
        "heavy = {'polars', 'numpy', 'pydantic', 'structlog', 'pyarrow', 'psycopg', 'sqlalchemy', 'narwhals', 'numba'}; "
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules)))); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "Usage: tarmac" in done.stdout
