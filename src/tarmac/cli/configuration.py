"""The settings of this process. Precedence: option, environment variable, settings file, default."""

import json
import os
from pathlib import Path
from typing import Any

from tarmac.declare import Setting
from tarmac.errors import InputError
from tarmac.settings import SETTINGS, Settings, Source, by_our_names, settings_from


def read_settings(*, config: str | Path | None = None, **options: Any) -> Settings:
    """The settings from options (None: not given), the environment, and the JSON file of `config` or TARMAC_CONFIG.

    Raises:
        InputError: a value is not allowed, or the file cannot be read or is not a JSON object of settings.
    """
    given = {name: value for name, value in options.items() if value is not None}
    # A compose file leaves a variable empty where it has no value.
    environment = {name: value for name, each in SETTINGS.items() if (value := os.environ.get(each.variable))}
    sources = [
        Source(values=given, name_of=lambda each: each.option),
        Source(values=environment, name_of=lambda each: each.variable),
    ]
    if file := config or os.environ.get("TARMAC_CONFIG"):
        fix = "--config" if config else "TARMAC_CONFIG"
        values = _read_file(Path(file), fix)
        sources.append(Source(values=values, name_of=lambda each: f"{_both_names(each)} in the settings file {file}"))
    return settings_from(*sources)


def _read_file(file: Path, fix: str) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the settings file {file}: {error.strerror}. Fix {fix}.") from None
    except ValueError as error:
        raise InputError(f"the settings file {file} is not JSON: {error}. Fix the file.") from None
    if not isinstance(values, dict):
        raise InputError(
            f'the settings file {file} contains a {type(values).__name__}, not a JSON object. Write {{"max_p": 4}}.'
        )
    try:
        return by_our_names(values)
    except InputError as error:
        raise InputError(f"in the settings file {file}: {error}") from None


def _both_names(each: Setting) -> str:
    """The setting's name in the file, with the reference pipeline's where that differs."""
    return each.name if each.reference in {None, each.name} else f"{each.name} (or {each.reference})"
