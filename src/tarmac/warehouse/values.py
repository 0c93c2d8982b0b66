"""Postgres values for which Python has no type, such as the date `infinity`, as Postgres prints them."""

from typing import Any

import psycopg
from psycopg import adapt
from psycopg.types import datetime as dates
from psycopg.types.string import TextLoader

_PARTLY_KNOWN: dict[str, type[adapt.Loader]] = {
    "date": dates.DateLoader,
    "time": dates.TimeLoader,
    "timetz": dates.TimetzLoader,
    "timestamp": dates.TimestampLoader,
    "timestamptz": dates.TimestamptzLoader,
}
"""Python's dates end with the year 9999 and begin with the year 1, and its days with 23:59:59.999999."""

_UNKNOWN = ("interval", "bytea", "record", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange")
"""timedelta treats a month as 30 days, and Python prints the other types in its own way."""


def show_all_values(connection: psycopg.Connection) -> None:
    """Make the connection return values that Python cannot represent as text."""
    for name, loader in _PARTLY_KNOWN.items():
        connection.adapters.register_loader(name, _or_text(loader))
    multiranges = [name.replace("range", "multirange") for name in _UNKNOWN if name.endswith("range")]
    for name in (*_UNKNOWN, *multiranges):
        connection.adapters.register_loader(name, TextLoader)


def _or_text(known: type[adapt.Loader]) -> type[adapt.Loader]:
    class _Loader(known):  # type: ignore[misc, valid-type]
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    return _Loader
