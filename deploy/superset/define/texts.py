"""SQL that turns stored values into what people read: codes made harmless, names, causes, links."""

from tarmac.airlines import AIRLINES
from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.tables.daily import CANCELLATION_CODES

CAUSE_NAMES = {
    "carrier": "Carrier",
    "weather": "Weather",
    "nas": "National air system",
    "security": "Security",
}
"""What BTS calls a cause in its columns' names → what people read."""

NOT_STATED = "Not stated"

DELAY_AS_FLIGHTS = f"{LOST_FLIGHT_MINUTES:.0f}.0"
"""Minutes of delay that count as one lost flight."""


def harmless(text: str) -> str:
    """A code from a file may be anything. This leaves letters, digits and a few signs, so that no page takes it for markup."""
    return f"regexp_replace(left({text}, 12), '[^A-Za-z0-9 ._-]', '?', 'g')"


def carrier_name(code: str) -> str:
    """The carrier's name, else its code."""
    names = " ".join(f"WHEN '{each}' THEN '{name}'" for each, name in AIRLINES.items())
    return f"CASE {code} {names} ELSE {harmless(code)} END"


def cause_name(cause: str) -> str:
    """A disruption's cause as people read it."""
    return f"COALESCE(upper(left({cause}, 1)) || substr({cause}, 2), '{NOT_STATED}')"


def code_name(code: str) -> str:
    """What a cancellation code stands for."""
    names = {letter: CAUSE_NAMES[column.removeprefix("cancelled_")] for column, letter in CANCELLATION_CODES.items()}
    cases = " ".join(f"WHEN '{letter}' THEN '{name}'" for letter, name in names.items())
    return f"CASE {code} {cases} ELSE '{NOT_STATED}' END"


def main_cause() -> str:
    """Of a day: the cause to which the records put down most of what was lost. Late aircraft are a consequence."""
    lost = {
        name: f"COALESCE(cancelled_{cause}, 0) + COALESCE({cause}_delay, 0) / {DELAY_AS_FLIGHTS}"
        for cause, name in CAUSE_NAMES.items()
    }
    most = f"GREATEST({', '.join(lost.values())})"
    cases = " ".join(f"WHEN {amount} = {most} THEN '{name}'" for name, amount in lost.items())
    return f"CASE WHEN {most} <= 0 THEN '{NOT_STATED}' {cases} END"


def link(column: str, *, page: str, filters: str, filtered: str, text: str = "") -> str:
    """A link to a dashboard with one filter set to the column's value; plain text where the value is no plain code.

    It is relative: it holds under any host name and any path that the proxy gives Superset.

    Args:
        column: the value.
        page: the dashboard's slug.
        filters: the key of the dashboard's filter.
        filtered: the column that the filter is of.
        text: what to show, if not the value.
    """
    value = f"!(''' || {column} || ''')"
    key = f"NATIVE_FILTER-{filters}"
    query = (
        f"native_filters=({key}:(id:{key},ownState:(),extraFormData:(filters:!((col:{filtered},op:IN,val:{value}))),"
        f"filterState:(label:''' || {column} || ''',value:{value})))"
    )
    shown = f"({text})" if text else column
    anchor = f"'<a href=\"../{page}/?{query}\">' || {shown} || '</a>'"
    return f"CASE WHEN {column} ~ '^[A-Za-z0-9-]+$' THEN {anchor} ELSE {text or harmless(column)} END"
