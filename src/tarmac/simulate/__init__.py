"""Flights with known anomalies: a year of airport-days, the truth about them, and the files that hold both."""

from tarmac.simulate.chunks import each_chunk
from tarmac.simulate.days import DayPlan, oracle_scores, simulate_days
from tarmac.simulate.files import SimulationResult, write_simulation
from tarmac.simulate.parameters import SHAPES, SimulationParameters

__all__ = [
    "SHAPES",
    "DayPlan",
    "SimulationParameters",
    "SimulationResult",
    "each_chunk",
    "oracle_scores",
    "simulate_days",
    "write_simulation",
]
