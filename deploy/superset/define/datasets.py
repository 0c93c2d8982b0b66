"""The datasets that charts are made of: Tarmac's tables, with columns that the pages need beside them."""

from define.texts import (
    NOT_STATED,
    carrier_name,
    cause_name,
    code_name,
    harmless,
    link,
    main_cause,
)
from define.warehouse import Dataset, Derived
from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.published import CARRIER_DAYS as CARRIER_DAYS_TABLE
from tarmac.tables.published import PUBLISHED
from tarmac.tables.schema import Column, Table


def _text(name: str, expression: str, description: str) -> Derived:
    return Derived(name=name, kind="text", expression=expression, description=description)


_YEAR = Derived(
    name="year", kind="integer", expression="EXTRACT(YEAR FROM fl_date)::int", description="The year of fl_date."
)
_MONTH = _text("month", "to_char(fl_date, 'YYYY-MM')", "The month of fl_date, as in 2018-01.")
_WEEKDAY = _text(
    "weekday", "to_char(fl_date, 'ID Dy')", "ISO number and name of the weekday, in this order: '1 Mon' … '7 Sun'."
)


def _week(date: str) -> Derived:
    return Derived(
        name="week",
        kind="date",
        expression=f"date_trunc('week', {date})::date",
        description=f"The Monday of the week of {date}.",
    )


_MAIN_CAUSE = _text(
    "cause_shown",
    main_cause(),
    f"The cause to which the records put down most of the day's cancellations and delays; '{NOT_STATED}' without any.",
)


def _agreement(name: str, both: str, forest: str, arima: str, neither: str) -> Derived:
    return _text(
        name,
        f"CASE WHEN anomaly_if = 1 AND anomaly_arima = 1 THEN '{both}' WHEN anomaly_if = 1 THEN '{forest}' "
        f"WHEN anomaly_arima = 1 THEN '{arima}' ELSE '{neither}' END",
        "Which of Isolation Forest and ARIMA flag the day.",
    )


DAYS = Dataset(
    name=PUBLISHED.name,
    tables=(PUBLISHED,),
    date="fl_date",
    description=PUBLISHED.grain,
    derived=(
        _YEAR,
        _agreement("agreement", "Both", "Isolation Forest alone", "ARIMA alone", "Neither"),
        _agreement("acuerdo", "Ambos", "Solo Isolation Forest", "Solo ARIMA", "Ninguno"),
    ),
)


def _joined(table: Table, alias: str, more: str = "", end: str = "") -> str:
    """The table's columns with the airport's name and coordinates beside them."""
    own = ", ".join(f"{alias}.{name}" for name in table.names)
    places = ", ".join(f"airport.{name}" for name in AIRPORTS.names if name not in table.names)
    source = f"{table.name} AS {alias} LEFT JOIN {AIRPORTS.name} AS airport USING (origin)"
    return f"SELECT {own}, {places}{more}\nFROM {source}{end}"


AIRPORT_DAYS = Dataset(
    name="airport_days",
    tables=(PUBLISHED, AIRPORTS),
    date="fl_date",
    description="Published airport-days with the airport's name and coordinates.",
    derived=(
        _YEAR,
        _MONTH,
        _week("fl_date"),
        _WEEKDAY,
        _MAIN_CAUSE,
        _text(
            "airport_link",
            link("origin", page="airports", filters="airport", filtered="origin"),
            "The airport, as a link to the dashboard of that airport alone.",
        ),
    ),
    sql=_joined(PUBLISHED, "day"),
)


def _one(table: Table, column: str, alias: str, filtered: str) -> str:
    """Delays of several in one line would mean nothing: without a choice, the one that lost most flights."""
    return f"""
{{% if not filter_values('{filtered}') %}}
WHERE {alias}.{column} = (
  SELECT {column} FROM {table.name} GROUP BY {column} ORDER BY sum(lost_flights) DESC NULLS LAST, {column} LIMIT 1
)
{{% endif %}}"""  # noqa: S608 - our own names


ONE_AIRPORT = Dataset(
    name="one_airport",
    tables=(PUBLISHED, AIRPORTS),
    date="fl_date",
    description="The chosen airport's days; where none is chosen, those of the airport that lost most flights.",
    derived=(_YEAR, _MONTH, _MAIN_CAUSE),
    sql=_joined(PUBLISHED, "day", end=_one(PUBLISHED, "origin", "day", "origin")),
)

_CARRIER = _text("carrier", harmless("op_carrier"), "The carrier's code, without signs that a page could misread.")
_CARRIER_NAME = _text("carrier_name", carrier_name("op_carrier"), "The carrier's name, else its code.")

CARRIER_DAYS = Dataset(
    name=CARRIER_DAYS_TABLE.name,
    tables=(CARRIER_DAYS_TABLE,),
    date="fl_date",
    description=CARRIER_DAYS_TABLE.grain,
    derived=(
        _YEAR,
        _week("fl_date"),
        _MAIN_CAUSE,
        _CARRIER,
        _CARRIER_NAME,
        _text(
            "carrier_link",
            link("op_carrier", page="carriers", filters="carrier", filtered="carrier"),
            "The carrier, as a link to the dashboard of that carrier alone.",
        ),
    ),
)

ONE_CARRIER = Dataset(
    name="one_carrier",
    tables=(CARRIER_DAYS_TABLE,),
    date="fl_date",
    description="The chosen carrier's days; where none is chosen, those of the carrier that lost most flights.",
    derived=(_YEAR, _MAIN_CAUSE, _CARRIER, _CARRIER_NAME),
    sql=f"SELECT day.*\nFROM {CARRIER_DAYS_TABLE.name} AS day"
    + _one(CARRIER_DAYS_TABLE, "op_carrier", "day", "carrier"),
)

SCORES = Dataset(
    name="detector_scores",
    tables=(ANOMALIES, AIRPORTS),
    date="fl_date",
    description="Each detector's score and flag of each airport-day, with the airport's name and coordinates.",
    derived=(
        _YEAR,
        _MONTH,
        _text(
            "detector_name",
            "CASE detector WHEN 'arima' THEN 'ARIMA' ELSE initcap(replace(detector, '_', ' ')) END",
            "The detector as people write it.",
        ),
    ),
    beside=(PUBLISHED.column("mean_dep_delay"), PUBLISHED.column("anomaly")),
    sql=_joined(
        ANOMALIES,
        "score",
        ", day.mean_dep_delay, day.anomaly",
        f" LEFT JOIN {PUBLISHED.name} AS day USING (origin, fl_date)",
    ),
)

_CARRIERS_SHOWN = f"""(
  SELECT string_agg({harmless("code")}, ', ') FROM unnest(string_to_array(event.carriers, ',')) AS code
)"""  # noqa: S608 - our own names

_DATES = (
    "CASE WHEN start_date = end_date THEN start_date::text ELSE start_date || ' to ' || to_char(end_date, 'MM-DD') END"
)
_READ = (
    (
        "who",
        f"CASE WHEN carriers = '' THEN 'All' ELSE {_CARRIERS_SHOWN} END",
        "Its carriers; 'All' where all were hit.",
    ),
    (
        "airports_shown",
        "CASE WHEN airports <= 4 THEN replace(origins, ',', ', ') ELSE worst_origin || ' and ' || airports - 1 || ' more' END",
        "Its airports: all of up to four, else the one that lost most flights.",
    ),
    ("scope_shown", "upper(left(scope, 1)) || replace(substr(scope, 2), '_', ' ')", "How far it reaches."),
    ("cause_shown", cause_name("cause"), f"The main cause that the records name, else '{NOT_STATED}'."),
    (
        "disruption_link",
        link("event_id", page="disruptions", filters="disruption", filtered="event_id", text=_DATES),
        "Its days, as a link to the dashboard of that disruption alone.",
    ),
)
"""Columns of a disruption as people read them: name, SQL, description."""

# A disruption has several carriers and airports: a filter by one keeps those that have it among theirs.
_CHOSEN = f"""
WHERE TRUE
{{% if filter_values('carrier', remove_filter=True) %}}
AND EXISTS (
  SELECT FROM unnest(string_to_array(event.carriers, ',')) AS code
  WHERE {harmless("code")} IN {{{{ filter_values('carrier') | where_in }}}}
)
{{% endif %}}
{{% if filter_values('origin', remove_filter=True) %}}
AND EXISTS (
  SELECT FROM unnest(string_to_array(event.origins, ',')) AS code
  WHERE code IN {{{{ filter_values('origin') | where_in }}}}
)
{{% endif %}}"""  # noqa: S608 - our own names; where_in quotes what a reader chose

_SHOWN_COLUMNS = tuple(Column(name=name, kind="text", description=about) for name, _, about in _READ)
_SHOWN = ", ".join(f"{expression} AS {name}" for name, expression, _ in _READ)
_EVENTS = f"SELECT event.*, {_SHOWN}\nFROM {EVENTS.name} AS event"
_CHOSEN_EVENTS = f"{_EVENTS}{_CHOSEN}"

DISRUPTIONS = Dataset(
    name=EVENTS.name,
    tables=(EVENTS,),
    date="start_date",
    description=EVENTS.grain,
    beside=_SHOWN_COLUMNS,
    derived=(_week("start_date"),),
    sql=_CHOSEN_EVENTS,
)

_OF_THE_EVENT = tuple(
    EVENTS.column(name) for name in ("start_date", "end_date", "scope", "carriers", "severity", "cause", "summary")
)
_OF_THE_AIRPORT = tuple(AIRPORTS.column(name) for name in ("name", "latitude", "longitude"))


def _parts(events: str, more: str) -> str:
    """The parts with their disruption's columns, and more, beside them."""
    beside = ", ".join(f"event.{column.name}" for column in (*_OF_THE_EVENT, *_SHOWN_COLUMNS))
    source = f"{DISRUPTION_PARTS.name} AS part\nJOIN (\n{events}\n) AS event USING (event_id)"
    return f"SELECT part.*, {beside}, {more}\nFROM {source}"


PARTS = Dataset(
    name=DISRUPTION_PARTS.name,
    tables=(DISRUPTION_PARTS,),
    date="start_date",
    description=f"{DISRUPTION_PARTS.grain} With columns of the disruption, and of the airport where the value is one.",
    beside=(*_OF_THE_EVENT, *_SHOWN_COLUMNS, *_OF_THE_AIRPORT),
    derived=(
        _week("start_date"),
        _text(
            "part",
            f"CASE dimension WHEN 'cancellation_code' THEN {code_name('value')} WHEN 'delay_cause' THEN "
            f"{cause_name('value')} ELSE {harmless('value')} END",
            "The value as people read it.",
        ),
    ),
    sql=_parts(_CHOSEN_EVENTS, ", ".join(f"airport.{column.name}" for column in _OF_THE_AIRPORT))
    + f"\nLEFT JOIN {AIRPORTS.name} AS airport ON part.dimension IN ('origin', 'dest') AND airport.origin = part.value",
)

_OF_THE_CARRIER = (
    Column(name="carrier", kind="text", description=_CARRIER.description),
    Column(name="carrier_name", kind="text", description=_CARRIER_NAME.description),
)

CARRIER_LOSSES = Dataset(
    name="carrier_losses",
    tables=(DISRUPTION_PARTS,),
    date="start_date",
    description="One row per disruption and carrier with flights in it, whether or not the disruption is the carrier's.",
    beside=(*_OF_THE_EVENT, *_SHOWN_COLUMNS, *_OF_THE_CARRIER),
    sql=_parts(_EVENTS, f"{harmless('value')} AS carrier, {carrier_name('value')} AS carrier_name")
    + "\nWHERE part.dimension = 'op_carrier'",
)

DATASETS = (DAYS, AIRPORT_DAYS, ONE_AIRPORT, CARRIER_DAYS, ONE_CARRIER, SCORES, DISRUPTIONS, PARTS, CARRIER_LOSSES)
