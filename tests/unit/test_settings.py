"""Settings: an option wins over the environment, that over the file, that over the default."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tarmac.cli.configuration import read_settings
from tarmac.declare import flat
from tarmac.errors import InputError
from tarmac.settings import SETTINGS, DetectParameters, Parameters, Settings, parse_years
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
    assert settings.scratch == ".tarmac/scratch"
    assert (settings.warehouse, settings.parameters) == ("embedded", Parameters())


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
    assert settings.parameters.detect.max_p == next(
        value for value in (of_option, of_environment, of_file, 4) if value is not None
    )


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TARMAC_CONFIG is --config; the option wins."""
    monkeypatch.setenv("TARMAC_CONFIG", str(_file(tmp_path, {"max_q": 1})))
    assert read_settings().parameters.detect.max_q == 1
    (tmp_path / "other").mkdir()
    assert read_settings(config=_file(tmp_path / "other", {"max_q": 2})).parameters.detect.max_q == 2


def test_an_empty_variable_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files leave them."""
    monkeypatch.setenv("TARMAC_LAKE", "")
    monkeypatch.setenv("TARMAC_MAX_P", "")
    assert read_settings().lake == ".tarmac/lake"


def test_the_reference_pipelines_file_is_understood(tmp_path: Path) -> None:
    """Each of its variables lands in ours; a bucket's name becomes an address."""
    assert set(REFERENCE_FILE) == {each.reference for each in SETTINGS.values() if each.reference}
    settings = read_settings(config=_file(tmp_path, REFERENCE_FILE))
    assert settings.lake == "s3://my-bucket"
    assert (settings.bronze_folder, settings.silver_folder, settings.gold_folder) == ("raw", "clean", "ready")
    assert (settings.scratch, settings.warehouse, settings.table) == ("/tmp/work", "postgresql://u@h/d", "delays")
    assert settings.parameters.detect == DetectParameters(outliers_fraction=0.02, max_p=2, max_q=3)
    assert settings.fail_email == "ops@example.org"


def _another_value(name: str) -> str:
    """One that is allowed and not the default."""
    each = SETTINGS[name]
    if each.limit and each.limit.choices:
        return each.limit.choices[-1]
    return {int: "3", float: "0.25", tuple: "constant,ecod"}.get(each.kind, "word")


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_each_setting_is_an_option_a_variable_and_a_name_in_the_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By its own name in all of them; the variable is TARMAC_ and the name in capitals."""
    value = _another_value(name)
    from_option = read_settings(**{name: value})
    from_file = read_settings(config=_file(tmp_path, {name: value}))
    monkeypatch.setenv(f"TARMAC_{name.upper()}", value)
    for each in (from_option, from_file, read_settings()):
        assert SETTINGS[name].to_text(flat(each)[name]) == value
    assert value not in SETTINGS[name].to_text(SETTINGS[name].default)


@pytest.mark.parametrize(
    "name", sorted(name for name, each in SETTINGS.items() if each.limit and not each.limit.choices)
)
def test_a_setting_has_one_range_wherever_it_is_given(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ends, and what lies beyond them, are treated alike as option, as variable, in the file and in the record itself."""
    limit = SETTINGS[name].limit
    assert limit is not None
    ends = [end for end in (limit.above, limit.at_least, limit.below, limit.at_most) if end is not None]
    for value in (SETTINGS[name].kind(probe) for end in ends for probe in (end - 1, end, end + 1)):
        config = _file(tmp_path, {name: value})
        with monkeypatch.context() as environment:
            environment.setenv(SETTINGS[name].variable, str(value))
            from_variable = _is_allowed(read_settings)
        record = next(each for each in (DetectParameters, Parameters, Settings) if name in each.__dataclass_fields__)
        others = (
            _is_allowed(read_settings, **{name: str(value)}),
            _is_allowed(read_settings, config=config),
            _is_allowed(record, **{name: value}),
        )
        assert {from_variable, *others} == {limit.allows(value)}, value


def _is_allowed(read: Callable[..., object], **given: Any) -> bool:
    try:
        read(**given)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("name", ["threshold", "mode"])
def test_a_wrong_word_is_answered_with_the_choices(name: str) -> None:
    """And with the option to fix."""
    with pytest.raises(InputError, match=rf"{name} 'gut' is unknown. Known: .*, .*. Fix --{name}."):
        read_settings(**{name: "gut"})


def test_a_wrong_value_says_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the place to fix: the option, the variable, or the name in the file."""
    with pytest.raises(
        InputError,
        match=r"warehouse is 5. It must be text. Fix warehouse \(or db_url\) in the settings file .*settings\.json",
    ):
        read_settings(config=_file(tmp_path, {"db_url": 5}))
    with pytest.raises(InputError, match=r"max_p is 11. It must be in \[0, 10\]; the default is 4. Fix --max-p\.$"):
        read_settings(max_p="11")
    monkeypatch.setenv("TARMAC_MAX_Q", "many")
    with pytest.raises(
        InputError, match=r"max_q is 'many'. It must be a whole number in \[0, 10\]. Fix TARMAC_MAX_Q\.$"
    ):
        read_settings()
    with pytest.raises(InputError, match=r"(?s)max_p is 11.*max_q is 'many'"):
        read_settings(max_p="11")


def test_settings_cannot_be_changed() -> None:
    """They are frozen."""
    with pytest.raises(AttributeError, match="cannot assign"):
        read_settings().lake = "other"


@settings(deadline=None)
@given(st.integers(FIRST_YEAR, LAST_YEAR), st.integers(FIRST_YEAR, LAST_YEAR))
def test_years_are_read_as_written(first: int, last: int) -> None:
    """One year, or a range with both its ends; backwards is refused."""
    assert list(parse_years(str(first))) == [first]
    if first <= last:
        assert list(parse_years(f"{first}..{last}")) == list(range(first, last + 1))
    else:
        with pytest.raises(InputError, match="earlier year first"):
            parse_years(f"{first}..{last}")


@settings(deadline=None)
@given(st.text(alphabet="0123456789.-/ \n٢²x", max_size=12))
def test_what_is_no_year_is_refused_with_its_value(text: str) -> None:
    """Only ASCII digits and two full stops are taken, so a year can be put into a path."""
    if re.fullmatch("[0-9]{4}([.]{2}[0-9]{4})?", text):
        return
    with pytest.raises(InputError, match=re.escape(repr(text))):
        parse_years(text)
