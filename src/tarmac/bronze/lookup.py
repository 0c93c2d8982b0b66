"""Read a table of BTS's airport ids and their codes."""

import csv
from collections.abc import Mapping
from pathlib import Path

from tarmac.errors import InputError

_IDS = ("airport_id", "origin_airport_id", "originairportid", "id")
_CODES = ("airport", "origin", "iata", "iata_code", "airport_code", "code")


def read_airports(path: Path) -> Mapping[str, str]:
    """BTS's id → code of three letters, from a CSV that has both.

    Raises:
        InputError: when the file cannot be read, or has no column of either.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.reader(file)
            names = [name.strip().casefold() for name in next(rows, [])]
            ids, codes = (next((names.index(name) for name in known if name in names), -1) for known in (_IDS, _CODES))
            if min(ids, codes) < 0:
                raise InputError(
                    f"{path} is not a table of airports: it needs a column of ids ({_IDS[0].upper()}) and one of codes "
                    f"({_CODES[0].upper()} or {_CODES[1].upper()})."
                )
            pairs = [(row[ids].strip(), row[codes].strip()) for row in rows if len(row) > max(ids, codes)]
    except (OSError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}. Fix --airports.") from None
    return {key: code for key, code in pairs if key.isdecimal() and len(code) == 3 and code.isalnum()}
