"""The command tarmac explain."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Given, with_settings

BAR = 20
"""Characters of the longest bar."""

ROWS = 8
"""Number of values shown per dimension; --json has all."""

DIMENSIONS: Mapping[str, str] = {
    "op_carrier": "carrier",
    "origin": "from",
    "dest": "to",
    "hour": "hour",
    "cancellation_code": "cancellation code",
    "delay_cause": "cause of delay",
}
"""The dimensions in display order, with their titles."""

CODES = {"A": "A carrier", "B": "B weather", "C": "C national air system", "D": "D security", "": "none"}


@with_settings("lake")
def explain(
    id_: Annotated[str, typer.Argument(help="JFK20130208, AA20080409, 2008-04-09 or a disruption's id.", metavar="ID")],
    given: Given,
    as_json: AsJson = False,
) -> None:
    """Explain a day or a disruption: who was hit, how badly, and why."""
    from tarmac.cli.console import print_json
    from tarmac.explanation.lookup import look_up, to_asked
    from tarmac.runs.scores import read_disruptions, read_scored, read_scored_carriers
    from tarmac.storage.errors import explained

    asked = to_asked(id_)
    _, workspace, _ = open_workspace(given, quiet=True)
    lake, year = workspace.lake, asked.date.year
    with explained(lake.root):
        lake.check_exists()
        airports, _ = read_scored(lake, year)
        found = read_disruptions(lake, year)
        answer = look_up(
            asked, events=found.events, parts=found.parts, airports=airports, carriers=read_scored_carriers(lake, year)
        )
    if as_json:
        print_json({"command": "explain", **vars(answer)})
        return
    typer.echo(answer.sentence)
    for event in answer.disruptions:
        typer.echo("")
        for line in _event_lines(event, [part for part in answer.parts if part["event_id"] == event["event_id"]]):
            typer.echo(line)


def _event_lines(event: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """An event's numbers, and the largest values of each dimension with bars."""
    hours = event["excess_delay_minutes"] / 60
    lines = [
        f"{printable(event['event_id'])}: {event['scope'].replace('_', ' ')}, severity {event['severity']} of 5, "
        f"{event['excess_cancelled']:,.0f} cancellations and {hours:,.0f} hours of delay more than usual"
    ]
    for dimension, title in DIMENSIONS.items():
        rows = [part for part in parts if part["dimension"] == dimension and part["share_of_excess"] is not None]
        rows.sort(key=lambda part: (-part["share_of_excess"], part["value"]))
        if rows:
            lines += ["", f"  {title:24}{'lost':>6}{'flights':>10}"]
            lines += [_part_line(part) for part in rows[:ROWS]]
            if len(rows) > ROWS:
                lines.append(f"  … and {len(rows) - ROWS} more")
    return lines


def _part_line(part: Mapping[str, Any]) -> str:
    value = CODES.get(part["value"], part["value"]) if part["dimension"] == "cancellation_code" else part["value"]
    bar = "█" * round(BAR * min(max(part["share_of_excess"], 0.0), 1.0))
    shares = f"{part['share_of_excess']:>6.0%}{part['share_of_flights']:>10.0%}"
    return f"  {printable(value or 'unknown'):24}{shares}  {bar}".rstrip()


def printable(text: str) -> str:
    """The text without terminal control characters; codes in files may contain anything."""
    return "".join(c if c.isprintable() else "?" for c in text)[:24]
