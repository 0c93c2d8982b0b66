"""Public files that resemble files of flights: each is rejected with a message that says what it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from tarmac.bronze.formats.shape import mark
from tarmac.errors import InputError

_FLIGHTS = "Use a file with one row per flight instead: docs/formats.md lists the formats, and where to get them."


class NoFlightsError(InputError):
    """The file does not contain flights; a member of an archive that raises this is skipped if other members contain flights."""


@dataclass(frozen=True, kw_only=True)
class Lookalike:
    """A kind of file, recognised if its header has all names of one of the sets in `marks`, and at most `most` columns.

    `what` says in the message what the file is. `flights`: its rows are flights, but without the columns that Tarmac needs.
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
    """Raise NoFlightsError if a header with these lower-case names is a look-alike's; `flights`: check only those of flights."""
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
