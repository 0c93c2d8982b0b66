"""A simulated year as files: the flights, the truth about its airport-days, and what went wrong on them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tarmac.simulate.chunks import each_chunk
from tarmac.simulate.days import DayPlan, simulate_days
from tarmac.simulate.events import KINDS
from tarmac.simulate.flights import COLUMNS
from tarmac.simulate.parameters import SimulationParameters
from tarmac.simulate.truth import truth_of_events
from tarmac.storage.atomic import whole_files
from tarmac.storage.errors import explained

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """What was written where: `csv` the flights, `truth` origin and date of each true anomaly, `events` their kinds."""

    csv: Path
    truth: Path
    events: Path
    flights: int
    airports: int
    airport_days: int
    anomalous_days: int


def write_simulation(
    parameters: SimulationParameters, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> SimulationResult:
    """Simulate a year into the folder `out`: `{year}.csv`, `{year}_truth.csv` and `{year}_truth_events.csv`.

    Each file is written aside and renamed when all are complete, the flights last. `progress` is called with the flights
    written so far and in all.

    Raises:
        InputError: `out` cannot be written to.
        SystemFailure: the disk failed or is full.
    """
    plan = simulate_days(parameters)
    year = parameters.year
    csv, truth, events = (out / name for name in (f"{year}.csv", f"{year}_truth.csv", f"{year}_truth_events.csv"))
    with explained(str(out), option="--out"):
        out.mkdir(parents=True, exist_ok=True)
    with whole_files(truth, events, csv) as (truth_file, events_file, csv_file):
        truth_file.write(_truth_lines(plan, with_kind=False).encode())
        events_file.write(_truth_lines(plan, with_kind=True).encode())
        csv_file.write((",".join(COLUMNS) + "\n").encode())
        written = 0
        for flights, text in each_chunk(plan, _as_csv):
            csv_file.write(text)
            written += flights
            if progress is not None:
                progress(written, parameters.flights)
    return SimulationResult(
        csv=csv,
        truth=truth,
        events=events,
        flights=written,
        airports=parameters.airports,
        airport_days=int((plan.scheduled > 0).sum()),
        anomalous_days=int(plan.truth.sum()),
    )


def _as_csv(flights: "pl.DataFrame") -> tuple[int, bytes]:
    text = io.BytesIO()
    flights.write_csv(text, include_header=False)
    return flights.height, text.getvalue()


def _truth_lines(plan: DayPlan, *, with_kind: bool) -> str:
    places, days = np.nonzero(plan.truth)
    rows = sorted(
        (plan.airports.codes[place], plan.dates[day].isoformat(), place, day)
        for place, day in zip(places, days, strict=True)
    )
    if not with_kind:
        return "".join(f"{line}\n" for line in ("origin,fl_date", *(f"{row[0]},{row[1]}" for row in rows)))
    wrong, events = plan.anomalies, truth_of_events(plan)
    lines = [f"origin,fl_date,kind,severity,flights,{','.join(events.columns)}\n"]
    told = [",".join(map(str, row)) for row in events.iter_rows()]
    for code, day_text, place, day in rows:
        kind, severity = KINDS[wrong.kind[place, day]], wrong.severity[place, day]
        event = told[wrong.event[place, day]]
        lines.append(f"{code},{day_text},{kind},{severity:.4f},{plan.scheduled[place, day]},{event}\n")
    return "".join(lines)
