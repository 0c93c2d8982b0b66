"""Why flights were cancelled or late: codes A to D, and the minutes of each cause, which sum to the arrival delay."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tarmac.simulate.anomalies import KINDS
from tarmac.simulate.delays import Singles

if TYPE_CHECKING:
    import polars as pl

Kinds = NDArray[np.int8]

CAUSES = ("CARRIER_DELAY", "WEATHER_DELAY", "NAS_DELAY", "SECURITY_DELAY", "LATE_AIRCRAFT_DELAY")
_CODES = ("A", "B", "C", "D")  # carrier, weather, air traffic control, security
_WEATHER, _OUTAGE = (KINDS.index("storm"), KINDS.index("blizzard")), (KINDS.index("outage"),)

# Shares by what the day is: ordinary, bad weather, an outage. Ordinary ones as in the Kaggle sample of 2018.
_CODE_SHARES = np.array([(0.52, 0.34, 0.135, 0.005), (0.08, 0.72, 0.195, 0.005), (0.45, 0.05, 0.49, 0.01)])
_CAUSE_SHARES = np.array(
    [(0.36, 0.05, 0.13, 0.002, 0.458), (0.13, 0.30, 0.27, 0.0, 0.30), (0.40, 0.01, 0.28, 0.01, 0.30)]
)


def cancellation_codes(cancelled: NDArray[np.bool_], kind: Kinds, rng: np.random.Generator) -> "pl.Series":
    """A code for each cancelled flight, null for the others."""
    import polars as pl

    code = np.full(len(cancelled), len(_CODES))
    code[cancelled] = _pick(_CODE_SHARES, kind[cancelled], rng)
    return pl.Series([*_CODES, None], dtype=pl.String).gather(code)


def cause_minutes(arrival_delay: Singles, kind: Kinds, rng: np.random.Generator) -> dict[str, Singles]:
    """Minutes of each cause where a flight arrives 15 minutes late or more: one main cause, sometimes a second."""
    minutes = np.full((len(CAUSES), len(arrival_delay)), np.nan, dtype=np.float32)
    rows = np.flatnonzero(arrival_delay >= 15)
    late, kinds = arrival_delay[rows], kind[rows]
    mainly = np.where(rng.random(len(rows)) < 0.5, 1.0, rng.uniform(0.4, 0.95, len(rows)))
    main = np.rint(late * mainly).astype(np.float32)
    minutes[:, rows] = 0
    minutes[_pick(_CAUSE_SHARES, kinds, rng), rows] = main
    minutes[_pick(_CAUSE_SHARES, kinds, rng), rows] += late - main
    return dict(zip(CAUSES, minutes, strict=True))


def _pick(shares: NDArray[np.float64], kind: Kinds, rng: np.random.Generator) -> NDArray[np.int64]:
    """A column of `shares` for each kind of day, drawn by that kind's row."""
    row = np.isin(kind, _WEATHER) + 2 * np.isin(kind, _OUTAGE)
    until = np.cumsum(shares, axis=1)[:, :-1]
    picked: NDArray[np.int64] = (rng.random(len(kind))[:, None] >= until[row]).sum(axis=1)
    return picked
