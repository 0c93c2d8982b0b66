"""Settings, each declared once with its type, default, range, help and the reference pipeline's name.

From these declarations come the options of the command line with their help, the TARMAC_ variables, the names of the
settings file, the params of the DAG, docs/cli.md, and the parameters in a run's record. To add a setting, declare it
here, in the record that its user reads, and use it there.

Nothing here reads a file or the environment: tarmac.cli.configuration does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from tarmac.declare import SEEDS, SHARE_OF_DAYS, Limit, Setting, check_limits, declared, make, setting
from tarmac.errors import InputError
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR

Criterion = Literal["aic", "aicc", "bic"]
Threshold = Literal["detector", "budget", "false_discovery", "reference"]
Mode = Literal["hindsight", "online"]
EngineName = Literal["polars", "spark"]

ORDERS = Limit(at_least=0, at_most=10)
"""Limits of ARIMA's largest orders: delays of eleven or more days before are not informative."""

SHARE = Limit(at_least=0, at_most=1)

ALL_STEPS = ("silver", "gold", "detect", "load")
ENGINE_STEPS = ("silver", "gold", "detect")


@dataclass(frozen=True, kw_only=True)
class DetectParameters:
    """The parameters of all detectors together. Each detector takes the ones that are its own.

    `outliers_fraction` is isolation_forest's contamination, airport by airport; disruption flags by evidence, however many
    days that are. `max_p`, `max_q` and `criterion` are arima's; `seed` is for whatever draws random numbers.

    `threshold` decides which scores are flagged. "detector": as each detector's module says. "budget": the highest
    `outliers_fraction` of all airports' days. "false_discovery" is rejected: real years have so many
    bad days that it flagged none. "reference": score² ≥ mean + standard deviation of the
    airport's score², the reference pipeline's rule.

    `mode`: in "hindsight" a day's score may depend on later days; in "online" only on the day and earlier ones (online.py).
    """

    detectors: tuple[str, ...] = setting(
        ("isolation_forest", "arima", "disruption"),
        "Detectors to run, separated by commas.",
        metavar="A,B",
        steps=("detect",),
    )
    outliers_fraction: float = setting(
        0.01,
        "Share of days to flag.",
        metavar="SHARE",
        limit=SHARE_OF_DAYS,
        steps=("detect",),
        reference="outliers_fraction",
    )
    max_p: int = setting(
        4, "Largest autoregressive order of arima.", metavar="P", limit=ORDERS, steps=("detect",), reference="max_p"
    )
    max_q: int = setting(
        4, "Largest moving-average order of arima.", metavar="Q", limit=ORDERS, steps=("detect",), reference="max_q"
    )
    criterion: Criterion = setting("aic", "Criterion by which arima chooses its orders.", steps=("detect",))
    seed: int = setting(0, "Seed of random numbers.", metavar="S", limit=SEEDS, steps=("detect",))
    threshold: Threshold = setting(
        "detector", "Rule that flags scores; detector: the detector's own.", steps=("detect",)
    )
    false_discovery: float = setting(
        0.1,
        "No longer used; accepted so that older settings files remain valid.",
        metavar="SHARE",
        limit=Limit(above=0, below=1),
        steps=("detect",),
    )
    mode: Mode = setting(
        "hindsight", "hindsight: score days with the whole year; online: with the past only.", steps=("detect",)
    )

    def __post_init__(self) -> None:
        """Raise an InputError for unknown or repeated detectors and values out of range."""
        if not self.detectors:
            raise InputError("no detector was named. Name at least one with --detectors, for example disruption.")
        # Imported by name, when it is needed: the registry is part of a package above this module.
        known_name = import_module("tarmac.detect.registry").known_name
        for name in self.detectors:
            known_name(name)
            if self.detectors.count(name) > 1:
                raise InputError(f"detector {name!r} is listed twice. List it once in --detectors.")
        check_limits(self)
        if self.threshold == "false_discovery":
            raise InputError(
                "threshold false_discovery is no longer offered: it flagged no day of real years, "
                "which have many bad days. Choose detector (each detector's own rule), budget or reference. "
                "Fix --threshold."
            )


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parameters that decide a run's results, recorded with it."""

    detect: DetectParameters = field(default_factory=DetectParameters)
    max_quarantined: float = setting(
        0.01, "Largest share of invalid rows that is tolerated.", metavar="SHARE", limit=SHARE, steps=("silver",)
    )
    history: int = setting(
        0,
        "Number of earlier years of gold that the detectors also use.",
        metavar="N",
        limit=Limit(at_least=0, at_most=100),
        steps=("detect",),
    )

    def __post_init__(self) -> None:
        """Raise an InputError for a value out of range."""
        check_limits(self)


def _bucket_address(bucket: str) -> str:
    # No bucket's name begins with a slash: that is a folder.
    return bucket if "://" in bucket or bucket.startswith("/") else f"s3://{bucket}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings. `lake` and `scratch` are below `home` where they are not given."""

    lake: str = setting(
        "",
        "The lake: a folder, or s3://bucket/prefix.",
        metavar="LAKE",
        steps=ALL_STEPS,
        reference="data_lake_bucket",
        convert=_bucket_address,
    )
    request_payer: Literal["owner", "requester"] = setting(
        "owner",
        "Who pays for requests to the lake on S3: the bucket's owner, or the requester, as some buckets demand.",
        steps=ALL_STEPS,
    )
    warehouse: str = setting(
        "embedded",
        "The warehouse: embedded, or a postgresql:// URL.",
        metavar="URL",
        steps=("load",),
        reference="db_url",
    )
    engine: EngineName = setting("polars", "polars: this machine; spark: a cluster.", steps=ENGINE_STEPS)
    spark_master: str = setting(
        "",
        "The cluster, as spark://host:7077; if omitted, spark-submit's, or this machine's cores.",
        metavar="URL",
        steps=ENGINE_STEPS,
    )
    parameters: Parameters = field(default_factory=Parameters)
    mirror: str = setting("https://transtats.bts.gov/PREZIP", "Base address of BTS's monthly archives.", metavar="URL")
    download_at_once: int = setting(
        4, "Number of files downloaded at the same time.", metavar="N", limit=Limit(at_least=1, at_most=4)
    )
    download_attempts: int = setting(
        6,
        "Attempts to download a file without progress before giving up.",
        metavar="N",
        limit=Limit(at_least=1, at_most=100),
    )
    download_pause: float = setting(
        2.0,
        "Seconds before the second attempt; each later pause is twice as long.",
        metavar="SECONDS",
        limit=Limit(at_least=0, at_most=120),
    )
    download_timeout: float = setting(
        60.0,
        "Seconds without an answer after which an attempt fails.",
        metavar="SECONDS",
        limit=Limit(above=0, at_most=3600),
    )
    home: Path = setting(Path(".tarmac"), "Folder for local state, such as the embedded warehouse.", metavar="DIR")
    scratch: str = setting("", "Folder for temporary files.", metavar="DIR", reference="local_path")
    bronze_folder: str = setting("01_bronze", "Bronze's folder in the lake.", reference="s3_bronze_folder")
    silver_folder: str = setting("02_silver", "Silver's folder in the lake.", reference="s3_silver_folder")
    gold_folder: str = setting("03_gold", "Gold's folder in the lake.", reference="s3_gold_folder")
    table: str = setting("agg_dep_delay_by_date", "The warehouse table of airport-days.", reference="db_table")
    spark_split_mib: int = setting(
        64, "MiB of a plain file that one Spark task reads.", limit=Limit(at_least=1, at_most=4096)
    )
    log_format: Literal["text", "json"] = setting("text", "Format of the log on standard error.")
    fail_email: str = setting("", "Email address for Airflow's failure messages.", reference="fail_email")

    def __post_init__(self) -> None:
        """Fill in what follows from `home`; raise an InputError for a value out of range."""
        derived = {
            "lake": self.lake or str(self.home / "lake"),
            "scratch": self.scratch or str(self.home / "scratch"),
            **{zone: getattr(self, zone).strip("/") for zone in ("bronze_folder", "silver_folder", "gold_folder")},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        check_limits(self)


SETTINGS: dict[str, Setting] = declared(Settings)
"""All settings by name."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source of settings: values by setting's name, and the name of a setting there, for messages."""

    values: Mapping[str, Any]
    name_of: Callable[[Setting], str]


def settings_from(*sources: Source) -> Settings:
    """The settings; where several sources give one, the first wins.

    Raises:
        InputError: values are not allowed; the message names each, and where to fix it.
    """
    values: dict[str, Any] = {}
    problems = []
    for name, each in SETTINGS.items():
        source = next((source for source in sources if name in source.values), None)
        if source is None:
            continue
        try:
            values[name] = each.read(source.values[name])
        except InputError as error:
            problems.append(f"{error} Fix {source.name_of(each)}.")
    if problems:
        raise InputError("\n".join(problems))
    return make(Settings, values)


def by_our_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by our names, from values by the reference pipeline's names or ours.

    Raises:
        InputError: a name is unknown.
    """
    ours: dict[str, Any] = {}
    unknown = []
    for name, value in values.items():
        theirs = next((each for each in SETTINGS.values() if each.reference == name), None)
        if theirs is None and name not in SETTINGS:
            unknown.append(name)
        elif theirs is None:
            ours[name] = value
        else:
            ours[theirs.name] = theirs.convert(value) if theirs.convert and isinstance(value, str) else value
    if unknown:
        raise InputError(f"{', '.join(sorted(unknown))} is unknown. Known: {', '.join(known_names())}.")
    return ours


def known_names() -> list[str]:
    """The names by which a file may give settings: ours, and the reference pipeline's."""
    return sorted({*SETTINGS, *(each.reference for each in SETTINGS.values() if each.reference)})


def used_by(steps: Iterable[str]) -> tuple[str, ...]:
    """The names of the settings that these steps use."""
    return tuple(name for name, each in SETTINGS.items() if set(each.steps) & set(steps))


def parse_years(text: str) -> range:
    """The years in "2009" or "2009..2018".

    Raises:
        InputError: the text is not a year or a range of years.
    """
    match = re.fullmatch(r"([0-9]{4})(?:\.\.([0-9]{4}))?", text)
    if match is None:
        raise InputError(f"--year {text!r} is not a year. Give four digits like 2009, or a range like 2009..2018.")
    first = int(match[1])
    last = int(match[2] or first)
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise InputError(
            f"--year {text!r} must be from {FIRST_YEAR} (the first year of BTS's records) to {LAST_YEAR}, with "
            f"the earlier year first."
        )
    return range(first, last + 1)
