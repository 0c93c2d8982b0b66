"""Carriers that a file gives by name, as the codes under which they report."""

from functools import cache

import polars as pl

from tarmac.airlines import AIRLINES, OTHER_NAMES

LONGEST_CODE = 3
_ASIDE = r"\(.*\)|\bd/b/a\b.*"
_NO_NAME = r"[^a-z0-9]+|\b(?:air|lines?|airlines?|airways|inc|incorporated|co|company|corp|corporation|llc|ltd)\b"
_DOT = r": ?([A-Z0-9]{2,3})$"
"""The code in `Southwest Airlines Co.: WN`, as the Department of Transportation lists carriers."""


def to_code(carrier: pl.Expr) -> pl.Expr:
    """Codes as they are, and names of known carriers as codes; a name that is not known stays as it is."""
    name = pl.when(carrier.str.len_chars() > LONGEST_CODE).then(carrier)
    known = _folded(name).replace_strict(_codes(), default=None, return_dtype=pl.String)
    return pl.coalesce(name.str.extract(_DOT, 1), known, carrier)


def _folded(name: pl.Expr) -> pl.Expr:
    """In lower case, without legal forms, punctuation, and words such as Airlines."""
    text = name.str.to_lowercase().str.replace_all(_ASIDE, " ")
    return text.str.replace_all(_NO_NAME, " ").str.replace_all(" +", " ").str.strip_chars()


@cache
def _codes() -> dict[str, str]:
    # "Endeavor (Pinnacle)" has two names; a former one yields where another carrier has it now.
    former = {name[:-1]: code for code, both in AIRLINES.items() for name in both.split(" (")[1:]}
    current = {both.split(" (")[0]: code for code, both in reversed(AIRLINES.items())}
    names = former | OTHER_NAMES | current
    folded = pl.DataFrame({"name": list(names)}).select(_folded(pl.col("name"))).to_series()
    return dict(zip(folded, names.values(), strict=True))
