"""What `tarmac evaluate` is asked for, checked before anything is made."""

from dataclasses import dataclass, replace
from pathlib import Path

from tarmac.detect import DetectParameters
from tarmac.detect.registry import DETECTORS, slow_detectors
from tarmac.errors import InputError
from tarmac.evaluate.corpora import REPORTING_SEEDS, SMALL_AIRPORTS, TUNING_SEEDS
from tarmac.evaluate.second import World
from tarmac.simulate import SimulationParameters

SMALL_FLIGHTS = 600_000
"""In the simulated year of SMALL_AIRPORTS that is added for slow detectors."""

EVERY = "all"
"""What --detectors takes for every known one."""

KINDS, SPLITS = ("simulated", "second", "real", "history", "causes", "all"), ("reporting", "tuning")

NEED_REAL = ("real", "history", "all")

DISRUPTED_FLIGHTS, DISRUPTED_AIRPORTS, DISRUPTED_SHARE = 2_000_000, 200, 0.02
"""Of a simulated year whose disruptions are to be told: at most so many flights and airports, and the share of abnormal days."""

WORLDS = 3
"""Of the second simulator, for each seed: the mean of several depends less on how strong one's troubles are."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to evaluate on: simulated years of these seeds and shapes, and the real years of a folder."""

    seeds: tuple[int, ...]
    kind: str = "simulated"
    shapes: tuple[str, ...] = ("default",)
    flights: int = 6_500_000
    airports: int = 340
    year: int = 2011
    real: Path | None = None
    split: str = "reporting"

    def __post_init__(self) -> None:
        """Refuse an unknown kind, and real corpora without their folder."""
        if self.kind not in KINDS:
            raise InputError(f"corpus {self.kind!r} is unknown. Known: {', '.join(KINDS)}. Fix --corpus.")
        if self.kind in NEED_REAL and self.real is None:
            raise InputError(f"--corpus {self.kind} needs real flights. Name their folder: --real DIR.")
        if self.split not in SPLITS:
            raise InputError(f"split {self.split!r} is unknown. Known: {', '.join(SPLITS)}. Fix --split.")
        self.simulations()

    def simulations(self) -> list[SimulationParameters]:
        """The simulated years, none where only real ones are asked for."""
        return [
            SimulationParameters(year=self.year, flights=self.flights, airports=self.airports, seed=seed, shape=shape)
            for shape in self.shapes
            for seed in self.seeds
            if self.kind in ("simulated", "all")
        ]

    def disrupted(self) -> list[SimulationParameters]:
        """The simulated years whose disruptions are to be told: no larger than needed, and full of disruptions."""
        return [
            SimulationParameters(
                year=self.year,
                flights=min(self.flights, DISRUPTED_FLIGHTS),
                airports=min(self.airports, DISRUPTED_AIRPORTS),
                seed=seed,
                shape="disruptions",
                anomalous_share=DISRUPTED_SHARE,
            )
            for seed in self.seeds
            if self.kind in ("causes", "all")
        ]

    def worlds(self) -> list[World]:
        """The second simulator's years; their size is their own."""
        if self.kind not in ("second", "all"):
            return []
        return [
            World(year=self.year, seed=seed, number=number) for seed in self.seeds for number in range(1, WORLDS + 1)
        ]


@dataclass(frozen=True, kw_only=True)
class Request:
    """The corpora, the detectors with their parameters, and the command that asks for them."""

    plan: Plan
    detect: DetectParameters
    command: str

    def small_simulations(self) -> list[SimulationParameters]:
        """Years of few airports, one a seed, where slow detectors are named and the years asked for are larger."""
        if not slow_detectors() & set(self.detect.detectors) or self.plan.airports <= SMALL_AIRPORTS:
            return []
        years = [each for each in self.plan.simulations() if each.shape == self.plan.shapes[0]]
        flights = min(SMALL_FLIGHTS, self.plan.flights)
        return [replace(each, airports=SMALL_AIRPORTS, flights=flights) for each in years]


def read_request(
    *,
    corpus: str,
    seeds: str | None,
    shapes: str,
    flights: int,
    airports: int,
    detectors: str | None,
    real: Path | None,
    split: str,
) -> Request:
    """The options as a request; InputError names the one that is wrong."""
    plan = Plan(
        kind=corpus,
        seeds=_whole_numbers(seeds) if seeds else TUNING_SEEDS if split == "tuning" else REPORTING_SEEDS,
        shapes=_names(shapes),
        flights=flights,
        airports=airports,
        real=real,
        split=split,
    )
    if detectors:
        named = tuple(DETECTORS) if detectors == EVERY else _names(detectors)
    else:
        slow = slow_detectors()
        named = tuple(name for name in DETECTORS if name not in slow)
    command = f"tarmac evaluate --corpus {corpus} --split {split}"
    if corpus not in ("real", "history"):
        command += f" --seeds {','.join(map(str, plan.seeds))}"
    if corpus in ("simulated", "all"):
        command += f" --shapes {','.join(plan.shapes)} --flights {flights} --airports {airports}"
    if corpus == "causes":
        years = plan.disrupted()[0]
        command += f" --flights {years.flights} --airports {years.airports}"
    if real is not None:
        command += " --real DIR"
    if detectors:
        command += f" --detectors {detectors if detectors == EVERY else ','.join(named)}"
    return Request(plan=plan, detect=DetectParameters(detectors=named), command=command)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _whole_numbers(text: str) -> tuple[int, ...]:
    if wrong := [each for each in _names(text) if not each.isdecimal()]:
        raise InputError(f"--seeds {text}: {wrong[0]!r} is no seed. Give whole numbers with commas between: 901,902")
    return tuple(int(each) for each in _names(text))
