"""Headers: recognised in any order, refused where they are not what they should be."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tarmac.bronze.formats import SHAPES
from tarmac.bronze.header import recognise_header
from tarmac.errors import InputError
from tarmac.tables.bronze import FLIGHT_COLUMNS
from tests.support.flight_lines import KAGGLE_NAMES, bts_names


def _line(names: list[str], *, quoted: bool = False, end: str = "\n") -> str:
    return ",".join(f'"{name}"' if quoted and name else name for name in names) + end


@settings(deadline=None)
@given(
    names=st.one_of(
        *(st.permutations(names) for names in (KAGGLE_NAMES, bts_names(renamed=True), bts_names(renamed=False)))
    ),
    quoted=st.booleans(),
    mark=st.sampled_from(["", "\ufeff"]),
    end=st.sampled_from(["\n", "\r\n", ""]),
)
def test_a_header_is_recognised_in_any_order(names: list[str], quoted: bool, mark: str, end: str) -> None:
    """Each bronze column is found where its own name stands, quoted or not, with or without a mark."""
    header = recognise_header(mark + _line(names, quoted=quoted, end=end), file="x.csv")
    shape = SHAPES["kaggle" if "FL_DATE" in names else "bts"]
    assert header.source == shape.name
    assert header.width == len(names)
    assert set(header.positions) >= set(FLIGHT_COLUMNS)
    folded = {column: [alias.casefold() for alias in aliases] for column, aliases in shape.columns.items()}
    assert all(names[place].casefold() in folded[column] for column, place in header.positions.items())


@settings(deadline=None)
@given(st.permutations([name.lower() for name in KAGGLE_NAMES]))
def test_the_case_of_a_name_does_not_matter(names: list[str]) -> None:
    """Files that were read and written again often have their columns in lower case."""
    assert recognise_header(_line(names), file="x.csv").source == "kaggle"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["GATE", "CREW", "X Y"]), unique=True, min_size=1), st.integers(0, 28))
def test_unknown_columns_are_named(extra: list[str], at: int) -> None:
    """What is left out is told by its own name; the empty 28th column is not worth a word."""
    names = [*KAGGLE_NAMES[:at], *extra, *KAGGLE_NAMES[at:]]
    assert sorted(recognise_header(_line(names), file="x.csv").extra) == sorted(extra)


def test_a_genuine_bts_header_has_no_unknown_column(shared_data: Path) -> None:
    """All its 109 columns and the empty last one are known, so nobody is told of them; another one is told."""
    line = (shared_data / "bts_header/bts_2016_01_head.csv").read_text().partition("\n")[0]
    header = recognise_header(line, file="x.csv")
    assert (header.source, header.width, header.extra) == ("bts", 110, ())
    assert recognise_header(f'"Gate",{line}', file="x.csv").extra == ("Gate",)


@pytest.mark.parametrize("missing", sorted(set(FLIGHT_COLUMNS) - {"FL_DATE", "ORIGIN", "DEP_DELAY"}))
def test_a_column_that_is_not_needed_may_be_missing(missing: str) -> None:
    """A date, an airport and a delay make a flight."""
    names = [name for name in KAGGLE_NAMES if name != missing]
    header = recognise_header(_line(names), file="x.csv")
    assert set(header.positions) >= set(FLIGHT_COLUMNS) - {missing}
    assert missing not in header.positions


@pytest.mark.parametrize("missing", ["FL_DATE", "ORIGIN"])
def test_a_file_without_what_a_flight_needs_is_named_after_the_nearest_shape(missing: str) -> None:
    """With what is missing, and never with the advice to add an empty column."""
    names = [name for name in KAGGLE_NAMES if name != missing]
    with pytest.raises(InputError, match=rf"x\.csv, line 1: .*Nearest: .* Missing: {missing}") as caught:
        recognise_header(_line(names), file="x.csv")
    assert "docs/formats.md" in str(caught.value)
    assert "empty" not in str(caught.value)


def test_a_delay_may_come_from_clocks_and_from_nothing_else() -> None:
    """An arrival's delay is never a departure's."""
    names = [name for name in KAGGLE_NAMES if name != "DEP_DELAY"]
    assert recognise_header(_line(names), file="x.csv").source == "transtats"
    without = [name for name in names if name != "CRS_DEP_TIME"]
    with pytest.raises(InputError, match=r"Missing: DEP_DELAY .*ARR_DELAY is the arrival's"):
        recognise_header(_line(without), file="x.csv")


@pytest.mark.parametrize("twice", ["DEP_DELAY", "dep_delay"])
def test_a_column_that_stands_twice_is_refused(twice: str) -> None:
    """Which of the two is right nobody can know."""
    with pytest.raises(InputError, match="DEP_DELAY appears 2 times in the header, as columns 8, 29"):
        recognise_header(_line([*KAGGLE_NAMES, twice]), file="x.csv")


@pytest.mark.parametrize("line", ["", "\n", "a,b,c\n", "2009-01-01,UA,1\n", "\x1f\x8b", '"', "x" * 1000, "a\rb\n"])
def test_what_is_no_header_is_refused(line: str) -> None:
    """The beginning of the line is shown, never all of it."""
    with pytest.raises(InputError, match=r"x\.csv, line 1") as caught:
        recognise_header(line, file="x.csv")
    assert len(str(caught.value)) < 400
