"""What a simulated year is made of: how much, where, from which seed, and with which mix of anomalies."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tarmac.errors import InputError
from tarmac.simulate.airports import known_codes


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How anomalous airport-days divide among kinds (shares that sum to 1), and how unequal airports are."""

    storm: float
    blizzard: float
    outage: float
    drift: float
    low: float
    carrier: float = 0.0
    carrier_at_airport: float = 0.0
    nation: float = 0.0
    size_exponent: float = 1.0


# Several, so that no detector is tuned to one: what finds regional storms need not find lone outages or thin airports.
SHAPES = MappingProxyType(
    {
        "default": Shape(
            storm=0.61, blizzard=0.04, outage=0.18, drift=0.09, low=0.02, carrier=0.04, carrier_at_airport=0.02
        ),
        "storms": Shape(storm=0.94, blizzard=0.06, outage=0.0, drift=0.0, low=0.0),
        "outages": Shape(storm=0.0, blizzard=0.0, outage=0.75, drift=0.20, low=0.05),
        "thin": Shape(storm=0.58, blizzard=0.02, outage=0.30, drift=0.10, low=0.0, size_exponent=1.2),
        "disruptions": Shape(
            storm=0.35,
            blizzard=0.05,
            outage=0.10,
            drift=0.0,
            low=0.0,
            carrier=0.25,
            carrier_at_airport=0.05,
            nation=0.20,
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class SimulationParameters:
    """A year of flights to simulate; raises InputError where a value cannot be.

    Exactly `flights` scheduled flights are spread over the year and over the `airports` largest US airports.
    `anomalous_share` is the share of airport-days with flights that are true anomalies, `severity` multiplies the
    minutes that an anomaly adds. The last three are habits of the real files: the share of flights diverted, the share
    of cancelled ones that have a departure, and the carriers whose on-time departures have an empty DEP_DELAY, not 0.
    """

    year: int
    flights: int
    airports: int
    seed: int
    shape: str = "default"
    anomalous_share: float = 0.01
    severity: float = 1.0
    diverted_share: float = 0.002
    cancelled_after_departure_share: float = 0.03
    blank_on_time_carriers: tuple[str, ...] = ("9E",)

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        available = len(known_codes())
        _require(_whole(self.year) and 1900 <= self.year <= 2100, "year", self.year, "1900 to 2100")
        _require(
            _whole(self.airports) and 1 <= self.airports <= available, "airports", self.airports, f"1 to {available}"
        )
        _require(_whole(self.flights) and self.flights >= 1, "flights", self.flights, "1 and more")
        _require(
            self.flights >= self.airports, "flights", self.flights, f"{self.airports} and more, one for each airport"
        )
        _require(_whole(self.seed) and self.seed >= 0, "seed", self.seed, "0 and more")
        _require(self.shape in SHAPES, "shape", self.shape, ", ".join(SHAPES))
        _require(0 <= self.anomalous_share <= 0.2, "anomalous_share", self.anomalous_share, "0 to 0.2")
        _require(0 < self.severity <= 10, "severity", self.severity, "above 0, up to 10")
        for name in ("diverted_share", "cancelled_after_departure_share"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0 to 1")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _require(holds: bool, name: str, value: Any, choices: str) -> None:
    if not holds:
        raise InputError(f"Cannot simulate: {name} is {value!r}. Possible: {choices}. Give another {name}.")
