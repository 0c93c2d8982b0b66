"""The database and its datasets. Columns come from `tarmac.tables`, so that a new one cannot be forgotten."""

from dataclasses import dataclass
from typing import Any

from define.names import uuid_of
from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.daily import CAUSES
from tarmac.tables.events import EVENTS
from tarmac.tables.published import PUBLISHED
from tarmac.tables.schema import POSTGRES_TYPES, Column, Table

DATABASE: dict[str, Any] = {
    "database_name": "Tarmac warehouse",
    # The address is the machine's own and comes with the password when the assets are imported: see prepare.py.
    "sqlalchemy_uri": "postgresql+psycopg2://tarmac_dashboards@warehouse:5432/tarmac",
    "expose_in_sqllab": True,
    "allow_run_async": True,
    "allow_ctas": False,
    "allow_cvas": False,
    "allow_dml": False,
    "allow_file_upload": False,
    "extra": {"allows_virtual_table_explore": True},
    "uuid": uuid_of("database", "warehouse"),
    "version": "1.0.0",
}


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A column that the dashboards add to a table's own."""

    name: str
    kind: str
    expression: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A table as charts see it: physical where `sql` is empty."""

    name: str
    tables: tuple[Table, ...]
    date: str
    description: str
    beside: tuple[Column, ...] = ()
    derived: tuple[Derived, ...] = ()
    sql: str = ""

    @property
    def uuid(self) -> str:
        """Fixed by the name."""
        return uuid_of("dataset", self.name)

    def to_yaml(self) -> dict[str, Any]:
        """The dataset in Superset's words."""
        own = {column.name: column for table in self.tables for column in table.columns}
        own |= {column.name: column for column in self.beside}
        return {
            "table_name": self.name,
            "schema": "public",
            "catalog": None,
            "sql": self.sql or None,
            "main_dttm_col": self.date,
            "description": self.description,
            "columns": [*map(_own, own.values()), *map(_derived, self.derived)],
            "metrics": [
                {"metric_name": "count", "verbose_name": "Rows", "metric_type": "count", "expression": "COUNT(*)"}
            ],
            "normalize_columns": False,
            "always_filter_main_dttm": False,
            "uuid": self.uuid,
            "database_uuid": DATABASE["uuid"],
            "version": "1.0.0",
        }


def _own(column: Column) -> dict[str, Any]:
    unit = f" ({column.unit})" if column.unit else ""
    is_date = column.kind in {"date", "instant"}
    return _entry(column.name, POSTGRES_TYPES[column.kind], f"{column.description}{unit}", is_date=is_date)


def _derived(column: Derived) -> dict[str, Any]:
    return _entry(column.name, column.kind, column.description) | {"expression": column.expression}


def _entry(name: str, kind: str, description: str, *, is_date: bool = False) -> dict[str, Any]:
    return {
        "column_name": name,
        "type": kind.upper(),
        "is_dttm": is_date,
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "description": description,
    }


_YEAR = Derived(
    name="year", kind="integer", expression="EXTRACT(YEAR FROM fl_date)::int", description="The year of fl_date."
)


def _month(date: str) -> Derived:
    return Derived(
        name="month",
        kind="text",
        expression=f"to_char({date}, 'YYYY-MM')",
        description=f"The month of {date}, as in 2018-01.",
    )


_WEEKDAY = Derived(
    name="weekday",
    kind="text",
    expression="to_char(fl_date, 'ID Dy')",
    description="ISO number and name of the weekday, in this order: '1 Mon' … '7 Sun'.",
)
_WEEK = Derived(
    name="week",
    kind="date",
    expression="date_trunc('week', fl_date)::date",
    description="The Monday that begins the day's week.",
)


def _agreement(name: str, both: str, forest: str, arima: str, neither: str) -> Derived:
    return Derived(
        name=name,
        kind="text",
        expression=(
            f"CASE WHEN anomaly_if = 1 AND anomaly_arima = 1 THEN '{both}' WHEN anomaly_if = 1 THEN '{forest}' "
            f"WHEN anomaly_arima = 1 THEN '{arima}' ELSE '{neither}' END"
        ),
        description="Which of Isolation Forest and ARIMA flag the day.",
    )


# A relative link: it holds under any host name and any path that the proxy gives Superset.
_LINK = (
    "'<a href=\"?native_filters=(NATIVE_FILTER-airport:(id:NATIVE_FILTER-airport,ownState:(),"
    "extraFormData:(filters:!((col:origin,op:IN,val:!(' || {0} || ')))),"
    "filterState:(label:' || {0} || ',value:!(' || {0} || '))))\">' || {0} || '</a>'"
)


def _link(name: str, column: str) -> Derived:
    return Derived(
        name=name,
        kind="text",
        expression=_LINK.format(column),
        description=f"The airport in {column}, as a link to the dashboard of that airport alone.",
    )


_CAUSE_WORDS = {
    "carrier_delay": "carrier",
    "weather_delay": "weather",
    "nas_delay": "national air system",
    "security_delay": "security",
    "late_aircraft_delay": "late aircraft",
}

_CAUSE = Derived(
    name="largest_cause",
    kind="text",
    expression=(
        "CASE WHEN cancelled_share > 0.25 THEN 'cancellations' "
        + "".join(f"WHEN {cause} = GREATEST({', '.join(CAUSES)}) THEN '{_CAUSE_WORDS[cause]}' " for cause in CAUSES)
        + "END"
    ),
    description="Cancellations where over a quarter of the flights were, else the cause with most minutes.",
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
    """The table's columns with the airport's name and place beside them."""
    own = ", ".join(f"{alias}.{name}" for name in table.names)
    places = ", ".join(f"airport.{name}" for name in AIRPORTS.names if name not in table.names)
    source = f"{table.name} AS {alias} LEFT JOIN {AIRPORTS.name} AS airport USING (origin)"
    return f"SELECT {own}, {places}{more}\nFROM {source}{end}"


AIRPORT_DAYS = Dataset(
    name="airport_days",
    tables=(PUBLISHED, AIRPORTS),
    date="fl_date",
    description="Published airport-days with the airport's name and place.",
    derived=(_YEAR, _month("fl_date"), _WEEK, _WEEKDAY, _CAUSE, _link("airport_link", "origin")),
    sql=_joined(PUBLISHED, "day"),
)

# Delays of several airports in one line would mean nothing: where nobody chose one, it is the most disrupted.
_ONE = """
{% if not filter_values('origin') %}
WHERE day.origin = (
  SELECT origin FROM agg_dep_delay_by_date GROUP BY origin
  ORDER BY sum(anomaly) DESC NULLS LAST, sum(flights) DESC, origin LIMIT 1
)
{% endif %}"""

ONE_AIRPORT = Dataset(
    name="one_airport",
    tables=(PUBLISHED, AIRPORTS),
    date="fl_date",
    description="The chosen airport's days; where none is chosen, those of the airport with most disrupted days.",
    derived=(_YEAR, _month("fl_date")),
    sql=_joined(PUBLISHED, "day", end=_ONE),
)

JUDGEMENTS = Dataset(
    name="judgements",
    tables=(ANOMALIES, AIRPORTS),
    date="fl_date",
    description="Each detector's judgement of each airport-day, with the airport's name and place.",
    derived=(
        _YEAR,
        _month("fl_date"),
        Derived(
            name="detector_name",
            kind="text",
            expression="CASE detector WHEN 'arima' THEN 'ARIMA' ELSE initcap(replace(detector, '_', ' ')) END",
            description="The detector as people write it.",
        ),
    ),
    beside=(PUBLISHED.column("mean_dep_delay"), PUBLISHED.column("anomaly")),
    sql=_joined(
        ANOMALIES,
        "judgement",
        ", day.mean_dep_delay, day.anomaly",
        f" LEFT JOIN {PUBLISHED.name} AS day USING (origin, fl_date)",
    ),
)

DISRUPTIONS = Dataset(
    name=EVENTS.name,
    tables=(EVENTS,),
    date="start_date",
    description=EVENTS.grain,
    derived=(
        _month("start_date"),
        _link("worst_link", "worst_origin"),
        Derived(
            name="cause_or_none",
            kind="text",
            expression="COALESCE(cause, 'none')",
            description="The main cause that the records name, else 'none'.",
        ),
    ),
)

DATASETS = (DAYS, AIRPORT_DAYS, ONE_AIRPORT, JUDGEMENTS, DISRUPTIONS)
