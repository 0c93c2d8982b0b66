"""The leaderboard for people: Markdown for the documents, and one HTML file with precision-recall curves. Pure."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import numpy as np

from tarmac.evaluate.leaderboard import BUDGET, FIRST, MANY_FLIGHTS, Failure, Line, Result, leaderboard

COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("average_precision", "average precision", 3),
    ("average_precision_many_flights", f"average precision, days with {MANY_FLIGHTS} flights or more", 3),
    ("vus_pr", "VUS-PR", 3),
    ("event_f1_at_budget", f"event-wise F1 at an alert budget of {BUDGET:.0%}", 3),
    ("precision_among_first", f"precision among the first {FIRST}", 3),
    ("f1", "F1 of its own flags", 3),
    ("precision", "precision of its flags", 3),
    ("recall", "recall of its flags", 3),
    ("flagged_share", "flagged share", 4),
    ("seconds", "seconds", 2),
    ("peak_megabytes", "peak memory, MB", 0),
)
"""A metric's field, its full name, and its decimals."""

FAMILIES = {
    "simulated": "Simulated years, whose truth is known",
    "small": "Simulated years of few airports, where the slow detectors are measured as well",
    "second": "Worlds of a second simulator, written without a look at the first",
    "planted": "Real years with anomalies planted in their flights",
    "weak": "Real years labelled by extreme cancellation shares, for detectors that see delays alone",
}

MOST_POINTS = 400
"""Of a curve; more cannot be seen."""


def as_facts(lines: Sequence[Line], results: Sequence[Result], failures: Sequence[Failure] = ()) -> dict[str, Any]:
    """For JSON: the lines and every single result, without curves; null where there is nothing to measure."""
    return {
        "leaderboard": [_known(asdict(line)) for line in lines],
        "results": [_known({k: v for k, v in asdict(result).items() if k != "curve"}) for result in results],
        "failures": [asdict(failure) for failure in failures],
    }


def as_markdown(
    lines: Sequence[Line], results: Sequence[Result], command: str, failures: Sequence[Failure] = ()
) -> str:
    """The document: how it was made, what the words mean, a table a family, and who failed."""
    parts = ["# Leaderboard of detectors", "", f"Made by `{command}`. {_corpora_of(results)}", "", *MEANING, ""]
    for family in dict.fromkeys(line.family for line in lines):
        header = ["detector", *(name for _, name, _ in COLUMNS)]
        rows = [_cells(line) for line in lines if line.family == family]
        parts += [f"## {FAMILIES[family]}", "", _row(header), _row(["---"] + ["---:"] * len(COLUMNS))]
        parts += [*(_row(row) for row in rows), ""]
    if failures:
        parts += ["## Not scored", "", *(f"- {told}" for told in map(_failed, failures)), ""]
    return "\n".join(parts)


MEANING = (
    "Figures are means over the corpora of a family. Average precision is the area under the precision-recall curve, ties",
    "as one step and missing scores as the lowest. VUS-PR is that area under labels widened by up to four days, airport",
    "by airport. Events are runs of days; nothing is point-adjusted. The budget's flags are the highest scores whatever a",
    "detector's own threshold; its own flags are what a run publishes. Each detector runs in its own process: seconds are",
    "of scoring, with kernels already compiled; memory is the process's peak, Python and libraries included. Tuning corpora",
    "are for improving detectors, reporting ones for figures; they are listed above.",
)


def table_of(results: Sequence[Result]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A narrower table for a terminal: its header and rows."""
    shown = [COLUMNS[at] for at in (0, 1, 2, 3, 5, 8, 9)]
    short = ("AP", "AP, 10+ flights", "VUS-PR", "event F1", "F1", "flagged", "seconds")
    rows = [
        (line.family, line.detector, *(_shown(getattr(line.metrics, field), decimals) for field, _, decimals in shown))
        for line in leaderboard(results)
    ]
    return ("family", "detector", *short), rows


def _failed(failure: Failure) -> str:
    return f"{failure.detector} on {failure.corpus}: {' '.join(failure.reason.split())}"


def as_page(lines: Sequence[Line], results: Sequence[Result], command: str, failures: Sequence[Failure] = ()) -> str:
    """One HTML file that needs no network: tables, and a chart a corpus with every detector's curve."""
    from plotly.offline import get_plotlyjs

    tables = "".join(_html_table(family, lines) for family in dict.fromkeys(line.family for line in lines))
    corpora = dict.fromkeys(result.corpus for result in results)
    failed = "".join(f"<li>{escape(_failed(failure))}</li>" for failure in failures)
    charts = "".join(_chart([r for r in results if r.corpus == corpus]) for corpus in corpora)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Leaderboard of detectors</title><style>{STYLE}</style><script>{get_plotlyjs()}</script>"
        f"<h1>Leaderboard of detectors</h1><p>Made by <code>{escape(command)}</code>. {_corpora_of(results)}</p>"
        f"<p>{' '.join(MEANING)}</p>{tables}{failed and f'<h2>Not scored</h2><ul>{failed}</ul>'}"
        f"<h2>Precision and recall</h2>{charts}</html>\n"
    )


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.85rem}.wide{overflow-x:auto}"
    "th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #d5d9de}th:first-child,td:first-child{text-align:left}"
)


def _html_table(family: str, lines: Sequence[Line]) -> str:
    header = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("detector", *(c[1] for c in COLUMNS)))
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(line)) + "</tr>"
        for line in lines
        if line.family == family
    )
    return f'<h2>{escape(FAMILIES[family])}</h2><div class="wide"><table><tr>{header}</tr>{rows}</table></div>'


def _chart(results: Sequence[Result]) -> str:
    import plotly.graph_objects as go

    figure = go.Figure()
    ordered = sorted(results, key=lambda r: -np.nan_to_num(r.metrics.average_precision))
    for result in ordered:
        at = np.unique(np.linspace(0, result.curve.recall.size - 1, MOST_POINTS).astype(np.int64))
        figure.add_scatter(
            x=np.round(result.curve.recall[at], 4).tolist(),
            y=np.round(result.curve.precision[at], 4).tolist(),
            name=f"{result.detector} {result.metrics.average_precision:.3f}",
            mode="lines",
        )
    figure.update_layout(
        title=f"{ordered[0].corpus} ({ordered[0].split}): {ordered[0].labels:,} of {ordered[0].days:,} days are abnormal",
        xaxis={"title": "recall", "range": [0, 1]},
        yaxis={"title": "precision", "range": [0, 1.02]},
        height=480,
        template="plotly_white",
    )
    # A name of our own: Plotly would draw one at random, and equal input must give equal bytes.
    name = "curves-" + "".join(c if c.isalnum() else "-" for c in ordered[0].corpus)
    return str(figure.to_html(full_html=False, include_plotlyjs=False, div_id=name))


def _corpora_of(results: Sequence[Result]) -> str:
    by_split: dict[str, dict[str, None]] = {}
    for result in results:
        by_split.setdefault(result.split, {})[result.corpus] = None
    told = "; ".join(f"{split} corpora: {', '.join(names)}" for split, names in by_split.items())
    return told[:1].upper() + told[1:] + "."


def _cells(line: Line) -> list[str]:
    metrics = asdict(line.metrics)
    return [line.detector, *(_shown(metrics[field], decimals) for field, _, decimals in COLUMNS)]


def _shown(value: float, decimals: int) -> str:
    return "" if math.isnan(value) else f"{value:,.{decimals}f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
