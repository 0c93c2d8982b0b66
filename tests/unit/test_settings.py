"""Settings: an option wins over the environment, that over the file, that over the default."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tarmac.errors import InputError
from tarmac.settings import REFERENCE_NAMES, Settings, parse_years, read_settings
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR

REFERENCE_FILE: dict[str, Any] = {
    "data_lake_bucket": "my-bucket",
    "s3_bronze_folder": "raw/",
    "s3_silver_folder": "clean",
    "s3_gold_folder": "ready",
    "local_path": "/tmp/work",
    "fail_email": "ops@example.org",
    "db_url": "postgresql://u@h/d",
    "db_table": "delays",
    "outliers_fraction": 0.02,
    "max_p": 2,
    "max_q": 3,
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("TARMAC_")]:
        monkeypatch.delenv(name)


def _file(folder: Path, values: object) -> Path:
    file = folder / "settings.json"
    file.write_text(json.dumps(values))
    return file


def test_the_defaults() -> None:
    """Nothing given: a lake below .tarmac in the working folder, and the embedded warehouse."""
    settings = read_settings()
    assert settings.lake == ".tarmac/lake"
    assert settings.scratch == Path(".tarmac/scratch")
    assert (settings.warehouse, settings.max_p, settings.max_q, settings.outliers_fraction) == ("embedded", 4, 4, 0.01)


@pytest.mark.parametrize("of_option", [None, 1])
@pytest.mark.parametrize("of_environment", [None, 2])
@pytest.mark.parametrize("of_file", [None, 3])
def test_the_nearest_value_wins(
    of_option: int | None,
    of_environment: int | None,
    of_file: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Option, environment, file, default: the first that is given."""
    if of_environment is not None:
        monkeypatch.setenv("TARMAC_MAX_P", str(of_environment))
    config = _file(tmp_path, {} if of_file is None else {"max_p": of_file})
    settings = read_settings(max_p=of_option, config=config)
    assert settings.max_p == next(value for value in (of_option, of_environment, of_file, 4) if value is not None)


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TARMAC_CONFIG is --config; the option wins."""
    monkeypatch.setenv("TARMAC_CONFIG", str(_file(tmp_path, {"max_q": 1})))
    assert read_settings().max_q == 1
    (tmp_path / "other").mkdir()
    assert read_settings(config=_file(tmp_path / "other", {"max_q": 2})).max_q == 2


def test_an_empty_variable_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files leave them."""
    monkeypatch.setenv("TARMAC_LAKE", "")
    monkeypatch.setenv("TARMAC_MAX_P", "")
    assert read_settings().lake == ".tarmac/lake"


def test_the_reference_pipelines_file_is_understood(tmp_path: Path) -> None:
    """Each of its variables lands in ours; a bucket's name becomes an address."""
    assert set(REFERENCE_FILE) == set(REFERENCE_NAMES)
    settings = read_settings(config=_file(tmp_path, REFERENCE_FILE))
    assert settings.lake == "s3://my-bucket"
    assert (settings.bronze_folder, settings.silver_folder, settings.gold_folder) == ("raw", "clean", "ready")
    assert (settings.scratch, settings.warehouse, settings.table) == (Path("/tmp/work"), "postgresql://u@h/d", "delays")
    assert (settings.outliers_fraction, settings.max_p, settings.max_q) == (0.02, 2, 3)
    assert settings.fail_email == "ops@example.org"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_is_a_variable(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TARMAC_ and the name in capitals."""
    values = {"config": str(_file(tmp_path, {})), "log_format": "json", "scratch": "x", "home": "x"}
    values |= {"threshold": "budget", "mode": "online"}
    kind = str(Settings.model_fields[name].annotation)
    value = values.get(name, "0.25" if "float" in kind else "3" if "int" in kind else "word")
    monkeypatch.setenv(f"TARMAC_{name.upper()}", value)
    assert str(getattr(read_settings(), name)) == value


@pytest.mark.parametrize("name", ["threshold", "mode"])
def test_a_wrong_word_is_answered_with_the_choices(name: str) -> None:
    """And with the option to mend."""
    with pytest.raises(InputError, match=rf"{name} = 'gut': input should be '.*' or '.*'. Fix --{name}"):
        read_settings(**{name: "gut"})


def test_a_wrong_value_says_where_it_came_from(tmp_path: Path) -> None:
    """A value of the file is mended in the file, under the name that it may have there."""
    with pytest.raises(
        InputError, match=r"warehouse \(or db_url\) = 5: .* Fix it in the settings file .*settings\.json"
    ):
        read_settings(config=_file(tmp_path, {"db_url": 5}))
    with pytest.raises(InputError, match=r"max_p = 11: .* Fix --max-p or TARMAC_MAX_P"):
        read_settings(max_p=11)


def test_settings_cannot_be_changed() -> None:
    """Frozen: who reads them later reads the same."""
    with pytest.raises(ValueError, match="frozen"):
        read_settings().max_p = 1


@settings(deadline=None)
@given(st.integers(FIRST_YEAR, LAST_YEAR), st.integers(FIRST_YEAR, LAST_YEAR))
def test_years_are_read_as_written(first: int, last: int) -> None:
    """One year, or a range with both its ends; backwards is refused."""
    assert list(parse_years(str(first))) == [first]
    if first <= last:
        assert list(parse_years(f"{first}..{last}")) == list(range(first, last + 1))
    else:
        with pytest.raises(InputError, match="earlier one first"):
            parse_years(f"{first}..{last}")


@settings(deadline=None)
@given(st.text(alphabet="0123456789.-/ \n٢²x", max_size=12))
def test_what_is_no_year_is_refused_with_its_value(text: str) -> None:
    """Only ASCII digits and two full stops are taken, so a year can be put into a path."""
    if re.fullmatch("[0-9]{4}([.]{2}[0-9]{4})?", text):
        return
    with pytest.raises(InputError, match=re.escape(repr(text))):
        parse_years(text)
