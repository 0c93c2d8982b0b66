"""The true events of a simulated year: their who, why, when, and what they cost."""

from typing import TYPE_CHECKING

import numpy as np

from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.simulate.causes import CAUSE_WORDS
from tarmac.simulate.days import DayPlan
from tarmac.simulate.events import Event
from tarmac.simulate.networks import CARRIERS

if TYPE_CHECKING:
    import polars as pl


def truth_of_events(plan: DayPlan) -> "pl.DataFrame":
    """One row per event, in the order of `plan.anomalies.events`.

    `event` (its number from 1), `scope` (`airport`, `region`, `nation`, `carrier`, `carrier_at_airport`), `carriers` and
    `origins` (codes in alphabetical order with spaces between; no carriers where all are hit), `start_date`, `end_date`,
    `cause` (empty where flights were early) and `flights_lost`: the flights that it is expected to cancel, and its minutes, at
    300 for one flight.
    """
    import polars as pl

    rows = [
        {
            "event": number,
            "scope": _scope(event),
            "carriers": " ".join(sorted(CARRIERS[carrier] for carrier in event.carriers)),
            "origins": " ".join(sorted(plan.airports.codes[place] for place in event.places)),
            "start_date": plan.dates[event.days.min()],
            "end_date": plan.dates[event.days.max()],
            "cause": CAUSE_WORDS[event.cause],
            "flights_lost": round(max(_lost(plan, number - 1, event), 0.0), 1),
        }
        for number, event in enumerate(plan.anomalies.events, start=1)
    ]
    types = {"event": pl.Int64, "start_date": pl.Date, "end_date": pl.Date, "flights_lost": pl.Float64}
    texts = dict.fromkeys(("scope", "carriers", "origins", "cause"), pl.String)
    columns = ("event", "scope", "carriers", "origins", "start_date", "end_date", "cause", "flights_lost")
    return pl.DataFrame(rows, schema={name: (types | texts)[name] for name in columns})


def _scope(event: Event) -> str:
    if event.kind in ("carrier", "nation"):
        return event.kind
    if event.carriers:
        return "carrier_at_airport"
    return "region" if len(event.places) > 1 else "airport"


def _lost(plan: DayPlan, number: int, event: Event) -> float:
    severity = plan.parameters.severity
    if not event.carriers:
        at = plan.anomalies.event == number
        flights, cancelled, minutes = (
            a[at] for a in (plan.scheduled, plan.anomalies.cancelled, plan.anomalies.minutes)
        )
    else:
        share = plan.routes.carriers_of_airports()[:, event.carriers].sum(axis=1)[event.places]
        flights = (plan.scheduled[np.ix_(event.places, event.days)] * share[:, None]).sum(axis=0)
        cancelled, minutes = event.cancelled, event.minutes
    return float((flights * (cancelled + (1 - cancelled) * severity * minutes / LOST_FLIGHT_MINUTES)).sum())
