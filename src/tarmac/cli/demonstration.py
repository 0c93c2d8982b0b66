"""The demonstration: simulate a year, run the pipeline on it, write its report, and compare it with the truth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tarmac.bronze.ingest import ingest_files
from tarmac.detect.online import SUFFIX
from tarmac.pipeline import DEFAULT_DETECTOR, Parameters, Reporter, Run, Workspace, publish_report, run_year
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import open_lake

_WORST_DAYS = (
    "SELECT id, mean_dep_delay, cancelled_share FROM agg_dep_delay_by_date "
    "ORDER BY anomaly_score DESC NULLS LAST LIMIT 10"
)


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The demonstration's results: `found` of the `true` abnormal days are among the `flagged` ones."""

    run: Run
    report: Path
    workspace: Workspace
    true: int
    flagged: int
    found: int

    def facts(self) -> dict[str, Any]:
        """For --json."""
        return {
            "command": "demo",
            "report": str(self.report),
            "lake": self.workspace.lake.root,
            "true": self.true,
            "flagged": self.flagged,
            "found": self.found,
            "runs": [self.run.record()],
        }

    def sentence(self, program: str = "tarmac") -> str:
        """The text output; `program` is the command's name."""
        return (
            f"The simulated year has {self.true:,} abnormal airport-days. {DEFAULT_DETECTOR} flagged {self.flagged:,} days; "
            f"{self.found:,} of them are abnormal.\n"
            f"Report: {self.report.resolve()}\n"
            f'Ask the warehouse: TARMAC_HOME={self.workspace.home} {program} query "{_WORST_DAYS}"'
        )


def run_demo(
    folder: Path,
    parameters: Parameters,
    *,
    year: int,
    flights: int,
    airports: int,
    seed: int,
    out: Path | None,
    reporter: Reporter,
) -> Demo:
    """Run the demonstration in `folder`. Equal arguments give equal reports; each set of arguments has its own subfolder."""
    home = folder / f"{year}-{flights}-{airports}-{seed}"
    workspace = Workspace(lake=open_lake(str(home / "lake")), scratch=home / "scratch", home=home)
    simulation = SimulationParameters(year=year, flights=flights, airports=airports, seed=seed)
    with reporter.step("simulate", year) as tell:
        made = write_simulation(simulation, home / "source", progress=lambda done, total: tell(done / max(total, 1)))
    with reporter.step("ingest", year):
        ingest_files([made.csv], workspace.lake, year=year, scratch=workspace.scratch)
    run = run_year(workspace, year, parameters, command="demo", reporter=reporter)
    report = out or folder / "report.html"
    with reporter.step("report", year):
        publish_report(workspace, range(year, year + 1), report, about=f"simulated flights (seed {seed})")
    truth = pl.read_csv(made.truth, try_parse_dates=True)
    anomalies = pl.read_parquet(workspace.lake.location(workspace.lake.anomalies_key(year)), glob=False)
    flagged = anomalies.filter(pl.col("flag"), pl.col("detector").str.strip_suffix(SUFFIX) == DEFAULT_DETECTOR)
    found = flagged.join(truth, on=["origin", "fl_date"], how="semi")
    return Demo(
        run=run, report=report, workspace=workspace, true=truth.height, flagged=flagged.height, found=found.height
    )
