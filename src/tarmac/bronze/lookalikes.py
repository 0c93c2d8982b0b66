"""Public files that look like flights but are not: each is refused with its name and what to download instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from tarmac.bronze.formats.shape import mark
from tarmac.errors import InputError

_FLIGHTS = "Download flights instead, one row each: docs/formats.md lists the files and where they are."


class NoFlightsError(InputError):
    """The file is something else than flights; in an archive beside flights it is passed over."""


@dataclass(frozen=True, kw_only=True)
class Lookalike:
    """A file whose header has all of one of these sets of names; `what` it is; `most`: the most columns that it has.

    `flights`: its rows are flights, but it lacks what Tarmac asks for, though its columns are those of a known shape.
    """

    marks: Sequence[frozenset[str]]
    what: str
    most: int = 1000
    flights: bool = False


LOOKALIKES: tuple[Lookalike, ...] = (
    Lookalike(
        marks=[mark("arr_flights"), mark("carrier_ct"), mark("arr_del15", "nas_ct")],
        what="BTS's monthly totals of delays by cause: one row per month, airport and carrier, not flights",
    ),
    Lookalike(
        marks=[mark("dep_delayed_15min")],
        what="the mlcourse.ai exercise on delays: it says whether a departure was late, but neither its date nor its minutes",
    ),
    Lookalike(
        marks=[mark("Flight Status", "CRS_DEP_TIME"), mark("Weather", "DAY_WEEK", "FL_NUM")],
        flights=True,
        what="the textbook's FlightDelays.csv: it says ontime or delayed, not by how many minutes",
    ),
    Lookalike(
        marks=[mark("DEST_COUNTRY_NAME"), mark("ORIGIN_COUNTRY_NAME")],
        what="counts of flights between countries",
    ),
    Lookalike(
        marks=[
            mark("passengers", "month"),
            mark("departures_performed"),
            mark("seats", "passengers"),
            mark("Activity Period"),
            mark("#Passengers"),
        ],
        what="counts of passengers",
    ),
    Lookalike(
        marks=[
            mark("IATA_CODE", "AIRPORT"),
            mark("ident", "iata_code"),
            mark("faa", "lat", "lon"),
            mark("iata", "latitude", "longitude"),
            mark("iata", "lat", "long"),
            mark("AIRPORT_ID", "LATITUDE"),
        ],
        what="a table of airports",
    ),
    Lookalike(marks=[mark("IATA_CODE", "AIRLINE"), mark("carrier", "name")], most=4, what="a table of airlines"),
    Lookalike(marks=[mark("Code", "Description")], most=3, what="one of BTS's lookup tables"),
    Lookalike(marks=[mark("tailnum", "manufacturer")], most=15, what="a table of aircraft"),
    Lookalike(marks=[mark("temp", "dewp"), mark("wind_speed", "visib")], what="observations of the weather"),
)


def refuse_lookalike(folded: Sequence[str], file: str, *, flights: bool = False) -> None:
    """Raises NoFlightsError where a header of these names, in lower case, is a look-alike's; `flights`: one of flights."""
    names = frozenset(folded)
    for known in LOOKALIKES:
        if known.flights >= flights and any(marks <= names for marks in known.marks) and len(folded) <= known.most:
            raise NoFlightsError(f"{file} is {known.what}. {_FLIGHTS}")
    if not flights and len(folded) in {9, 12, 14} and (r"\n" in names or _is_openflights(folded)):
        raise NoFlightsError(
            f"{file} is a file from OpenFlights: airports, airlines or routes, not flights. {_FLIGHTS}"
        )


def _is_openflights(fields: Sequence[str]) -> bool:
    return (fields[-1] == "ourairports" and len(fields) == 14) or (len(fields) == 9 and fields[7:8] == ["0"])
