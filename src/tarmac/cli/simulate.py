"""The command tarmac simulate."""

from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.options import AsJson, Quiet


def simulate(
    year: Annotated[int, typer.Option(help="The year to simulate.", metavar="Y")],
    flights: Annotated[int, typer.Option(help="Number of flights.", metavar="N")],
    airports: Annotated[int, typer.Option(help="Number of airports.", metavar="K")],
    seed: Annotated[int, typer.Option(help="Seed of the simulation; equal seeds give equal bytes.", metavar="S")],
    out: Annotated[Path, typer.Option(help="Folder for Y.csv and Y_truth.csv.", metavar="DIR")],
    shape: Annotated[
        str, typer.Option(help="Mix of anomalies: default, storms, outages, thin or disruptions.", metavar="SHAPE")
    ] = "default",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a year of flights with known anomalies, in the format of the Kaggle files."""
    from tarmac.cli.console import open_terminal, print_json
    from tarmac.simulate import SimulationParameters, write_simulation

    parameters = SimulationParameters(year=year, flights=flights, airports=airports, seed=seed, shape=shape)
    with open_terminal(quiet=quiet).step("simulate", year) as tell:
        result = write_simulation(parameters, out, progress=lambda done, total: tell(done / max(total, 1)))
    if as_json:
        print_json({"command": "simulate", **vars(result)})
    elif not quiet:
        typer.echo(f"Wrote {result.csv}: {result.flights:,} flights on {result.airport_days:,} airport-days.")
        typer.echo(f"Wrote {result.truth}: {result.anomalous_days:,} of these are abnormal.")
