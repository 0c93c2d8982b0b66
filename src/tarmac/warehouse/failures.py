"""Postgres's errors in Tarmac's words: what failed, where, why, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from tarmac.errors import SystemFailure

_NEXT_STEPS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.InsufficientPrivilege, "Grant the user that right (GRANT CREATE ON SCHEMA … for the first load)"),
    (errors.QueryCanceled, "Raise the server's statement_timeout or ask what holds the tables"),
    (errors.LockNotAvailable, "Raise the server's lock_timeout or ask what holds the tables"),
    (errors.DiskFull, "Free space on the database's disk"),
    (errors.ReadOnlySqlTransaction, "Name the primary server, not a read-only copy, in --warehouse"),
)


def to_reason(error: psycopg.Error) -> str:
    """Postgres's own words in one line, with its detail."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
    return " ".join(f"{text}{detail}".split())


def to_next_step(error: psycopg.Error) -> str:
    """What the user can do about it, before running the same command again."""
    for kind, step in _NEXT_STEPS:
        if isinstance(error, kind):
            return step
    if not isinstance(error, psycopg.OperationalError):
        return "Mend what Postgres names, or report it with this message"
    if "certificate" in str(error):
        return "See that sslrootcert in --warehouse names the authority of the server's certificate, and --warehouse its host"
    return "See that Postgres is up and that --warehouse names its host, database, user and password"


@contextmanager
def told_plainly(doing: str, *, outcome: str = "") -> Iterator[None]:
    """Turn any error of Postgres inside the block into a SystemFailure that says what was being done."""
    try:
        yield
    except psycopg.Error as error:
        outcome = f" {outcome}" if outcome else ""
        raise SystemFailure(
            f"{doing} failed: {to_reason(error)}.{outcome} {to_next_step(error)}; then run the same command again."
        ) from error
