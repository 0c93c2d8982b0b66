"""Warehouse URLs: validation, additions, and display without passwords."""

import re

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from tarmac.errors import InputError

EMBEDDED = "embedded"

# Otherwise a server that drops packets would hang libpq forever, before and in the middle of a load.
_DEFAULTS = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "application_name": "tarmac",
    "client_encoding": "UTF8",
}

_EXAMPLE = "postgresql://user:password@host:5432/database"

_SCHEME = re.compile(r"^(postgres|postgresql)(\+\w+)?://", re.IGNORECASE)


def with_hidden_password(url: str) -> str:
    """The URL with every password replaced by three asterisks, even if the URL is malformed."""
    # Up to the last @, because a password may contain an @ or a / that was not encoded.
    shown = re.sub(r"^((?:[\w+]*://)?[^:/@?]*):(?!//).*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"((?:ssl)?password=)[^&\s]*", r"\1***", shown, flags=re.IGNORECASE)


def to_connection_url(warehouse: str) -> str:
    """A URL for libpq, with a timeout and keep-alives unless the user set them; raises InputError if it is not valid."""
    shown = with_hidden_password(warehouse)
    if not _SCHEME.match(warehouse):
        raise InputError(f"warehouse {shown!r} is unknown. Known: {EMBEDDED}, {_EXAMPLE}. Fix --warehouse.")
    # SQLAlchemy's postgresql+psycopg2:// is common in settings of the reference pipeline; libpq has no drivers.
    url = _SCHEME.sub("postgresql://", warehouse)
    try:
        given = conninfo_to_dict(url)
        _check_port(str(given.get("port") or ""))
    except (ProgrammingError, ValueError) as error:
        # libpq's own reason is not shown: it quotes the part that it could not read, which may be the password.
        raise InputError(
            f"warehouse {shown!r} cannot be read as a Postgres URL. {_to_fix(url, str(error))} Fix --warehouse."
        ) from None
    missing = [f"{name}={value}" for name, value in _DEFAULTS.items() if name not in given]
    return url + ("&" if "?" in url else "?") + "&".join(missing) if missing else url


def _to_fix(url: str, reason: str) -> str:
    """What to change in a URL that libpq does not accept."""
    parameter = re.search(r'invalid URI query parameter: "(\w+)"', reason)
    before, _, _ = url.partition("?")
    # A ? or & in a password that was not encoded makes the rest of it look like a parameter.
    if parameter and ("@" in before or ":" not in before.partition("//")[2]):
        name = parameter[1]
        if name.lower() in {"schema", "currentschema", "search_path"}:
            return (
                f"libpq, Postgres's client library, has no parameter {name!r}. Write "
                f"?options=-c%20search_path%3DSCHEMA instead."
            )
        return (
            f"libpq, Postgres's client library, has no parameter {name!r}; it may belong to another program. "
            f"Remove {name}=…, as in {_EXAMPLE}."
        )
    return f"Write {_EXAMPLE}, with @ : / ? # & in the user or the password percent-encoded (@ is %40)."


def _check_port(ports: str) -> None:
    """Raise ValueError for a port that is not a number: libpq would look it up as a service's name."""
    for port in filter(None, ports.split(",")):
        if not 0 < int(port) < 65536:
            raise ValueError(port)


def to_label(warehouse: str) -> str:
    """The warehouse's name in messages: host, port and database, never secrets."""
    if warehouse == EMBEDDED:
        return "the embedded warehouse"
    given = conninfo_to_dict(to_connection_url(warehouse))
    host = given.get("host") or given.get("hostaddr") or "this machine"
    user = given.get("user")
    database = given.get("dbname") or user or "(default)"
    return f"database {database!r} at {host}:{given.get('port', 5432)}" + (f" as user {user!r}" if user else "")
