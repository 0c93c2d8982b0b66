"""Generates docs/decisions/index.md from the decisions' headings: `python -m tools.decision_index > docs/decisions/index.md`."""

import re
from pathlib import Path

import typer

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "decisions"
HEADER = """# Decisions

One page per decision: what was chosen and why, what else was considered, and what it costs. A new one takes the next free
number, starts with the lines `Status:` (accepted, or superseded by which) and `Date:`, and is listed here by `make docs`.

| number | decision | status | date |
|---|---|---|---|
"""


def to_markdown() -> str:
    """One row per decision, in the order of their numbers."""
    return HEADER + "".join(_row(file) for file in sorted(FOLDER.glob("[0-9]*.md")))


def _row(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    title = re.sub(r"^# \d+\.? ", "", text.partition("\n")[0])
    return f"| {file.name[:4]} | [{title}]({file.name}) | {_field(text, 'Status', 'accepted')} | {_field(text, 'Date', '')} |\n"


def _field(text: str, name: str, default: str) -> str:
    found = re.search(rf"^{name}: (.+)$", text, flags=re.MULTILINE)
    return found[1] if found else default


if __name__ == "__main__":
    typer.echo(to_markdown(), nl=False)
