"""What a run is told: options, TARMAC_… variables, and a JSON file with the reference pipeline's variable names.

Read by entry points alone. An option wins over the environment, that over the file, that over the default.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tarmac.errors import InputError
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR

REFERENCE_NAMES: dict[str, str] = {
    "data_lake_bucket": "lake",
    "s3_bronze_folder": "bronze_folder",
    "s3_silver_folder": "silver_folder",
    "s3_gold_folder": "gold_folder",
    "local_path": "scratch",
    "fail_email": "fail_email",
    "db_url": "warehouse",
    "db_table": "table",
    "outliers_fraction": "outliers_fraction",
    "max_p": "max_p",
    "max_q": "max_q",
}
"""The reference pipeline's variables → ours."""


class Settings(BaseSettings):
    """All options, frozen. Each is also the variable TARMAC_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TARMAC_", frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path = Path(".tarmac")
    lake: str = ""
    warehouse: str = "embedded"
    table: str = "agg_dep_delay_by_date"
    bronze_folder: str = "01_bronze"
    silver_folder: str = "02_silver"
    gold_folder: str = "03_gold"
    scratch: Path | None = None
    fail_email: str | None = None
    engine: str = "polars"
    spark_master: str = ""
    spark_split_mib: Annotated[int, Field(ge=1, le=4096)] = 64
    detectors: str = ""
    outliers_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    max_p: Annotated[int, Field(ge=0, le=10)] = 4
    max_q: Annotated[int, Field(ge=0, le=10)] = 4
    seed: Annotated[int, Field(ge=0)] = 0
    threshold: Literal["detector", "budget", "false_discovery", "reference"] = "detector"
    mode: Literal["hindsight", "online"] = "hindsight"
    history: Annotated[int, Field(ge=0, le=100)] = 0
    max_quarantined: Annotated[float, Field(ge=0, le=1)] = 0.01
    log_format: Annotated[str, Field(pattern="^(text|json)$")] = "text"
    config: Path | None = Field(default=None, validation_alias=AliasChoices("config", "TARMAC_CONFIG"))

    @field_validator("bronze_folder", "silver_folder", "gold_folder", mode="after")
    @classmethod
    def _without_slashes(cls, folder: str) -> str:
        return folder.strip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options and environment; the JSON file is joined in `read_settings`."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings


def read_settings(**options: Any) -> Settings:
    """The settings from options (None: not given), the environment and the JSON file that `config` names.

    Raises:
        InputError: when a value is not allowed, or the file is not what it should be.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
        if settings.config is None:
            return _with_defaults(settings)
        from_file = _read_config(settings.config)
        explicit = settings.model_dump(include=settings.model_fields_set)
    except ValidationError as error:
        raise InputError(_explain(error)) from None
    try:
        return _with_defaults(Settings(**{**from_file, **explicit}))
    except ValidationError as error:
        raise InputError(_explain(error, source=f"the settings file {settings.config}")) from None


def settings_of(values: Mapping[str, Any], *, source: str) -> Settings:
    """The settings from values by the reference pipeline's names or ours; `source` says whence, as messages name it.

    Raises:
        InputError: when a value is not allowed.
    """
    try:
        return _with_defaults(Settings(**_renamed(values)))
    except ValidationError as error:
        raise InputError(_explain(error, source=source)) from None


def _with_defaults(settings: Settings) -> Settings:
    lake = settings.lake or str(settings.home / "lake")
    return settings.model_copy(update={"lake": lake, "scratch": settings.scratch or settings.home / "scratch"})


def _read_config(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read the settings file {path}: {error.strerror}. Fix --config or TARMAC_CONFIG."
        ) from None
    except ValueError as error:
        raise InputError(f"the settings file {path} is not JSON: {error}. Mend it.") from None
    if not isinstance(values, dict):
        raise InputError(f"the settings file {path} holds no JSON object, but a {type(values).__name__}. Write {{…}}.")
    unknown = sorted(set(values) - set(REFERENCE_NAMES) - set(Settings.model_fields))
    if unknown:
        known = ", ".join(sorted({*REFERENCE_NAMES, *Settings.model_fields} - {"config"}))
        raise InputError(f"the settings file {path} names {', '.join(unknown)}, which is unknown. Known: {known}.")
    return _renamed(values)


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    renamed: dict[str, Any] = {REFERENCE_NAMES.get(str(name), str(name)): value for name, value in values.items()}
    if bucket := values.get("data_lake_bucket"):
        # No bucket's name begins with a slash: that is a folder.
        named = "://" in str(bucket) or str(bucket).startswith("/")
        renamed["lake"] = bucket if named else f"s3://{bucket}"
    return renamed


def _explain(error: ValidationError, *, source: str = "") -> str:
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        option, variable = f"--{name.replace('_', '-')}", f"TARMAC_{name.upper()}"
        fix = f"Fix it in {source}." if source else f"Fix {option} or {variable}."
        said = f"{problem['msg'][0].lower()}{problem['msg'][1:]}"
        lines.append(f"{_name_in_file(name) if source else name} = {problem['input']!r}: {said}. {fix}")
    return "\n".join(lines)


def _name_in_file(name: str) -> str:
    """The setting's name, with the reference pipeline's beside it where that differs."""
    theirs = next((theirs for theirs, ours in REFERENCE_NAMES.items() if ours == name), name)
    return name if theirs == name else f"{name} (or {theirs})"


def parse_years(text: str) -> range:
    """The years that "2009" or "2009..2018" names.

    Raises:
        InputError: when the text names no years.
    """
    match = re.fullmatch(r"([0-9]{4})(?:\.\.([0-9]{4}))?", text)
    if match is None:
        raise InputError(f"--year {text!r} is not a year. Give four digits like 2009, or a range like 2009..2018.")
    first = int(match[1])
    last = int(match[2] or first)
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise InputError(
            f"--year {text!r} names no years from {FIRST_YEAR} (the first of BTS's records) to {LAST_YEAR}, earlier one first."
        )
    return range(first, last + 1)
