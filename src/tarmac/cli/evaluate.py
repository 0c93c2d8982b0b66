"""The command tarmac evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.options import AsJson, Quiet


def evaluate(
    corpus: Annotated[
        str, typer.Option(help="simulated, second (simulator), real or all.", metavar="KIND")
    ] = "simulated",
    seeds: Annotated[
        str | None,
        typer.Option(help="Of the simulated years, commas between; the split's own if left out.", metavar="S,…"),
    ] = None,
    shapes: Annotated[
        str, typer.Option(help="Mixes of anomalies, commas between: default, storms, outages, thin.", metavar="A,…")
    ] = "default",
    flights: Annotated[int, typer.Option(help="Flights in a simulated year.", metavar="N")] = 6_500_000,
    airports: Annotated[int, typer.Option(help="Airports in a simulated year.", metavar="K")] = 340,
    detectors: Annotated[
        str | None,
        typer.Option(
            "--detectors", help="Names with commas between, or all; all but the slow ones if left out.", metavar="A,B"
        ),
    ] = None,
    real: Annotated[Path | None, typer.Option(help="Folder of real years, schema of Kaggle.", metavar="DIR")] = None,
    split: Annotated[
        str, typer.Option(help="reporting, or tuning: other seeds, other real years.", metavar="SPLIT")
    ] = "reporting",
    out: Annotated[Path, typer.Option(help="Folder for leaderboard.md, .json and .html.", metavar="DIR")] = Path(
        "leaderboard"
    ),
    keep: Annotated[
        Path | None, typer.Option(help="Folder of results: a stopped evaluation goes on from them.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The leaderboard of detectors, on days whose truth is known."""
    from tarmac.cli.console import print_json, print_table
    from tarmac.evaluate.page import table_of
    from tarmac.evaluate.request import read_request
    from tarmac.evaluate.run import corpora_of, publish, run_evaluation

    request = read_request(
        corpus=corpus, seeds=seeds, shapes=shapes, flights=flights, airports=airports, detectors=detectors, real=real,
        split=split,
    )  # fmt: skip

    def told(what: str) -> None:
        if not (quiet or as_json):
            typer.echo(what, err=True)

    results, failures = run_evaluation(corpora_of(request, told), request.detect, told=told, keep=keep)
    facts = publish(results, failures, out, request.command)
    if as_json:
        print_json(facts)
    elif not quiet:
        print_table("", *table_of(results))
        typer.echo(f"Wrote {out}/leaderboard.md, .json and .html.")
