"""Two months of artificial flights with two disruptions: a carrier's at all its airports, and a storm at one airport."""

from datetime import date, timedelta

from tests.support.flight_lines import flight, kaggle_csv

GROUNDED = date(2009, 1, 21)
"""The day on which the first carrier cancels all its flights."""

STORM = date(2009, 2, 10)
"""The day on which all flights from Denver are cancelled."""

AIRPORTS = ("ATL", "DEN", "DFW", "ORD")
OTHERS = ("UA", "DL")

HOSTILE = "<img src=x onerror=alert(1)>'; DROP TABLE airports; -- {{ 1/0 }}"
"""A carrier's code that contains markup, SQL and a template."""


def disrupted_csv(carrier: str = "AA") -> bytes:
    """The flights as a Kaggle file; `carrier` is the code of the carrier that cancels all its flights on one day."""
    rows = []
    for day in (date(2009, 1, 1) + timedelta(days=number) for number in range(60)):
        for place, origin in enumerate(AIRPORTS):
            for code in (carrier, *OTHERS):
                rows += [_flight(day, code, origin, AIRPORTS[place - 1], number) for number in range(10)]
    return kaggle_csv(rows)


def _flight(day: date, carrier: str, origin: str, dest: str, number: int) -> dict[str, str]:
    given = {"FL_DATE": day.isoformat(), "OP_CARRIER": carrier, "ORIGIN": origin, "DEST": dest}
    if day == GROUNDED and carrier not in OTHERS:
        given |= cancelled("A")
    if day == STORM and origin == "DEN":
        given |= cancelled("B")
    return flight(number, **given)


def cancelled(code: str) -> dict[str, str]:
    """The changed columns of a cancelled flight with this cancellation code."""
    flown = ("DEP_TIME", "DEP_DELAY", "TAXI_OUT", "WHEELS_OFF", "WHEELS_ON", "TAXI_IN", "ARR_TIME", "ARR_DELAY")
    return dict.fromkeys((*flown, "ACTUAL_ELAPSED_TIME", "AIR_TIME"), "") | {
        "CANCELLED": "1.0",
        "CANCELLATION_CODE": code,
    }
