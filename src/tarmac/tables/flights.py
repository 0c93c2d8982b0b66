"""One row per scheduled flight, typed and clean: the silver table."""

from tarmac.tables.daily import CAUSES
from tarmac.tables.schema import Column, Kind, Table

FIRST_YEAR, LAST_YEAR = 1987, 2100
"""The years that flights may be of; BTS's records begin with October 1987."""


def _column(name: str, kind: Kind, unit: str, description: str, *, nullable: bool = True) -> Column:
    return Column(name=name, kind=kind, unit=unit, description=description, nullable=nullable)


CLOCKS: tuple[str, ...] = ("crs_dep_time", "dep_time", "wheels_off", "wheels_on", "crs_arr_time", "arr_time")
"""Local clock times as hhmm; 2400 is midnight at the end of the day."""

DELAYS: tuple[str, ...] = ("dep_delay", "arr_delay", *CAUSES)
"""Minutes of delay, negative when early; causes are never negative in sound data."""

QUANTITIES: tuple[str, ...] = ("taxi_out", "taxi_in", "crs_elapsed_time", "actual_elapsed_time", "air_time", "distance")
"""Durations in minutes, and the distance in miles."""

_HHMM = "hhmm, local"

FLIGHTS = Table(
    name="flights",
    grain="One row per scheduled flight of a US reporting carrier, cancelled ones included.",
    key=("fl_date", "op_carrier", "op_carrier_fl_num", "origin", "dest", "crs_dep_time"),
    columns=(
        _column("fl_date", "date", "", "Scheduled local date of departure at the origin.", nullable=False),
        _column("op_carrier", "text", "", "Code of the carrier that reported the flight."),
        _column("op_carrier_fl_num", "integer", "", "Flight number."),
        _column("origin", "text", "", "IATA code of the airport of departure.", nullable=False),
        _column("dest", "text", "", "IATA code of the scheduled destination.", nullable=False),
        _column("crs_dep_time", "smallint", _HHMM, "Scheduled departure."),
        _column("dep_time", "smallint", _HHMM, "Actual departure from the gate."),
        _column("dep_delay", "double", "minutes", "Actual minus scheduled departure; negative when early."),
        _column("taxi_out", "real", "minutes", "From the gate to wheels off."),
        _column("wheels_off", "smallint", _HHMM, "Take-off."),
        _column("wheels_on", "smallint", _HHMM, "Landing."),
        _column("taxi_in", "real", "minutes", "From wheels on to the gate."),
        _column("crs_arr_time", "smallint", _HHMM, "Scheduled arrival."),
        _column("arr_time", "smallint", _HHMM, "Actual arrival at the gate."),
        _column("arr_delay", "double", "minutes", "Actual minus scheduled arrival; negative when early."),
        _column("cancelled", "boolean", "", "Whether the flight was cancelled.", nullable=False),
        _column("cancellation_code", "text", "", "A carrier, B weather, C national air system, D security."),
        _column("diverted", "boolean", "", "Whether the flight landed elsewhere."),
        _column("crs_elapsed_time", "real", "minutes", "Scheduled gate-to-gate time."),
        _column("actual_elapsed_time", "real", "minutes", "Actual gate-to-gate time."),
        _column("air_time", "real", "minutes", "From wheels off to wheels on."),
        _column("distance", "real", "miles", "Distance between the airports."),
        _column("carrier_delay", "double", "minutes", "Arrival delay within the carrier's control."),
        _column("weather_delay", "double", "minutes", "Arrival delay by extreme weather."),
        _column("nas_delay", "double", "minutes", "Arrival delay by the national air system: traffic, lesser weather."),
        _column("security_delay", "double", "minutes", "Arrival delay by security."),
        _column("late_aircraft_delay", "double", "minutes", "Arrival delay by the same aircraft's late arrival."),
    ),
)
