"""The command tarmac evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.options import AsJson, Quiet


def evaluate(
    corpus: Annotated[
        str,
        typer.Option(
            help="simulated, second (simulator), real (with planted anomalies), history (real years, unchanged), causes "
            "(who and why of disruptions) or all.",
            metavar="KIND",
        ),
    ] = "simulated",
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Seeds of the simulated years, separated by commas; by default those of the split.", metavar="S,…"
        ),
    ] = None,
    shapes: Annotated[
        str,
        typer.Option(
            help="Mixes of anomalies, separated by commas: default, storms, outages, thin, disruptions.", metavar="A,…"
        ),
    ] = "default",
    flights: Annotated[int, typer.Option(help="Number of flights in a simulated year.", metavar="N")] = 6_500_000,
    airports: Annotated[int, typer.Option(help="Number of airports in a simulated year.", metavar="K")] = 340,
    detectors: Annotated[
        str | None,
        typer.Option(
            "--detectors",
            help="Detectors, separated by commas, or all; by default all except the slow ones.",
            metavar="A,B",
        ),
    ] = None,
    real: Annotated[
        Path | None, typer.Option(help="Folder of real years, in the Kaggle format.", metavar="DIR")
    ] = None,
    split: Annotated[
        str, typer.Option(help="reporting, or tuning: other seeds and other real years.", metavar="SPLIT")
    ] = "reporting",
    out: Annotated[Path, typer.Option(help="Folder for leaderboard.md, .json and .html.", metavar="DIR")] = Path(
        "leaderboard"
    ),
    keep: Annotated[
        Path | None,
        typer.Option(help="Folder of partial results, from which a stopped evaluation continues.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the detectors on days whose anomalies are known, and write a leaderboard."""
    from tarmac.cli.console import print_json, print_table
    from tarmac.evaluate.causes_page import table_of_causes
    from tarmac.evaluate.history_page import table_of_history
    from tarmac.evaluate.page import table_of
    from tarmac.evaluate.request import read_request
    from tarmac.evaluate.run import causes_of, corpora_of, history_of, publish, run_evaluation

    request = read_request(
        corpus=corpus, seeds=seeds, shapes=shapes, flights=flights, airports=airports, detectors=detectors, real=real,
        split=split,
    )  # fmt: skip

    def told(what: str) -> None:
        if not (quiet or as_json):
            typer.echo(what, err=True)

    results, failures = run_evaluation(corpora_of(request, told), request.detect, told=told, keep=keep)
    history = history_of(request, told)
    causes = causes_of(request, told)
    facts = publish(results, failures, out, request.command, history, causes)
    if as_json:
        print_json(facts)
    elif not quiet:
        if results:
            print_table("", *table_of(results))
        if causes:
            print_table("", *table_of_causes(causes))
        if history is not None:
            print_table("", *table_of_history(history))
        typer.echo(f"Wrote {out}/leaderboard.md, .json and .html{', and history.md' if history else ''}.")
