"""The leaderboard's section on who and why, and its table for a terminal. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from tarmac.evaluate.causes import Shares, Told, shares_of

HEADER = (
    "method", "disruptions", "found", "scope right", "carriers right", "who right", "cause right", "who and why right",
    "false stories a month",
)  # fmt: skip

FAMILIES = {
    "simulated": "Simulated years with disruptions of every scope",
    "planted": "Disruptions planted in real national flights",
}

MEANING = (
    "Of the true disruptions that cost 20 flights or more (or, planted in real flights, hit 20 or more). Found: a story has at",
    "least a fifth of its flights in common with it (twice the common ones over both). Who: the carriers are right, and half of",
    "the flights are in common. Stories about no true disruption are false; in real flights, they are not counted.",
    "Adtributor and RiskLoc are told on which days to look, the others are not. 'joined airport-days' joins the days that the",
    "detector `disruption` flags; it knows no carriers. A method without causes gets the one that most records name.",
)


def causes_section(told: Sequence[Told], command: str) -> str:
    """Markdown: how it was made, what the words mean, and a table a family."""
    lines = ["## Who and why", "", f"Made by `{command}`. {_years_of(told)}", "", *MEANING, ""]
    for family, rows in _rows(told).items():
        lines += [f"### {FAMILIES[family]}", "", _row(HEADER), _row(["---"] + ["---:"] * (len(HEADER) - 1))]
        lines += [*map(_row, rows), ""]
    return "\n".join(lines)


def causes_html(told: Sequence[Told]) -> str:
    """The same for the page."""
    tables = ""
    for family, rows in _rows(told).items():
        header = "".join(f'<th scope="col">{escape(name)}</th>' for name in HEADER)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        tables += f'<h3>{escape(FAMILIES[family])}</h3><div class="wide"><table><tr>{header}</tr>{body}</table></div>'
    return f"<h2>Who and why</h2><p>{escape(_years_of(told))}</p><p>{escape(' '.join(MEANING))}</p>{tables}"


def causes_facts(told: Sequence[Told]) -> dict[str, Any]:
    """For JSON: the shares, and every verdict."""
    return {"shares": [asdict(line) for line in shares_of(told)], "years": [asdict(each) for each in told]}


def table_of_causes(told: Sequence[Told]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """For a terminal: its header and rows."""
    return ("family", *HEADER), [(family, *row) for family, rows in _rows(told).items() for row in rows]


def _rows(told: Sequence[Told]) -> dict[str, list[tuple[str, ...]]]:
    rows: dict[str, list[tuple[str, ...]]] = {}
    for line in shares_of(told):
        rows.setdefault(line.family, []).append(_cells(line))
    return rows


def _cells(line: Shares) -> tuple[str, ...]:
    shares = (line.found, line.scope, line.carriers, line.who, line.cause, line.who_and_why)
    false = "" if line.false is None else f"{line.false:.1f}"
    return (line.method, f"{line.disruptions:,}", *(f"{100 * share:.0f} %" for share in shares), false)


def _years_of(told: Sequence[Told]) -> str:
    by_split: dict[str, dict[str, None]] = {}
    for each in told:
        by_split.setdefault(each.split, {})[each.name] = None
    text = "; ".join(f"{split}: {', '.join(names)}" for split, names in by_split.items())
    return text[:1].upper() + text[1:] + "."


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
