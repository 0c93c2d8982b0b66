"""Airflow on this machine, without Docker: `make airflow`. Its state is below TARMAC_HOME; docs/airflow.md says more."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from deploy.airflow.preparing import ADMIN
from deploy.airflow.stack import SECONDS_TO_STOP, AirflowStack
from deploy.airflow.workspace import Workspace
from tarmac.cli.configuration import read_settings
from tarmac.errors import TarmacError
from tarmac.warehouse.urls import to_label

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _until_signalled(run: Callable[[], None]) -> None:
    """Run until Ctrl-C or SIGTERM; a second one skips the orderly stop, further ones are ignored."""
    heard = []

    def stop(number: int, _: object) -> None:
        heard.append(number)
        if len(heard) < 3:
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup SIGHUP is ignored, and stays so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
    with suppress(KeyboardInterrupt):
        run()
    typer.echo("Stopped. Start again with `make airflow`: it goes on where it was.")


def workspace_from_settings(port: int = 8080) -> Workspace:
    """The workspace that the TARMAC_ variables name."""
    settings = read_settings()
    home = settings.home.expanduser().resolve()
    lake = settings.lake if "://" in settings.lake else str(Path(settings.lake).expanduser().resolve())
    return Workspace(home=home, lake=lake, warehouse=settings.warehouse, port=port)


def _run(port: int) -> None:
    workspace = workspace_from_settings(port)
    with AirflowStack(workspace, typer.echo) as stack:
        typer.echo(
            f"\nAirflow runs at {stack.url}\n  user      {ADMIN}\n  password  {stack.password}   (generated; kept in "
            f"{stack.state.secrets_file})\n  lake      {workspace.lake}\n  warehouse {to_label(workspace.warehouse)}\n"
            f"  logs      {stack.state.logs}\nCtrl-C stops it; running tasks get {SECONDS_TO_STOP:.0f} seconds to finish."
        )
        try:
            while True:
                stack.check()
                time.sleep(1)
        except KeyboardInterrupt:
            typer.echo("Stopping … (once more stops at once)")
            raise


@app.command()
def main(
    port: Annotated[int, typer.Option(help="Port of the web page on this machine.", min=1, max=65535)] = 8080,
) -> None:
    """Run Airflow on this machine until Ctrl-C: Postgres, api-server, scheduler, dag-processor and triggerer.

    TARMAC_HOME, TARMAC_LAKE and TARMAC_WAREHOUSE say where its state and data are, AWS_… variables how to reach S3.
    `make airflow PORT=8081` gives another port.
    """
    try:
        _until_signalled(lambda: _run(port))
    except TarmacError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(error.exit_code) from None


if __name__ == "__main__":
    app(prog_name="python -m deploy.airflow.local")
