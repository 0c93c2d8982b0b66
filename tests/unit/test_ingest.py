"""Ingest: a source file becomes bronze, bit for bit, and never in place of another."""

from pathlib import Path

import pytest

from tarmac.bronze.ingest import Ingested, ingest_files
from tarmac.errors import InputError
from tarmac.storage.lake import Lake, open_lake
from tests.support.flight_lines import bts_csv, flight, flights, gz, kaggle_csv, zipped

KAGGLE = kaggle_csv(flights(5))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that is not there yet."""
    return open_lake(str(tmp_path / "lake"))


def _given(folder: Path, name: str, text: bytes) -> Path:
    file = folder / name
    file.write_bytes(text)
    return file


def _ingest(lake: Lake, *files: Path, year: int | None = None) -> list[Ingested]:
    return ingest_files(files, lake, year=year, scratch=files[0].parent / "scratch")


def _bronze(lake: Lake) -> dict[str, bytes]:
    root = Path(lake.root)
    files = {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}
    return {key: text for key, text in files.items() if not key.startswith("01_bronze/ingested/")}


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("2009.csv", KAGGLE, "01_bronze/2009.csv"),
        ("flights of 2009.CSV", KAGGLE, "01_bronze/2009.csv"),
        ("x.csv.gz", gz(KAGGLE), "01_bronze/2009.csv.gz"),
        ("x.zip", zipped(readme__html=b"", x__csv=KAGGLE), "01_bronze/2009.zip"),
        ("x.csv.zip", zipped(x__csv=KAGGLE), "01_bronze/2009.zip"),
        ("jan.csv", bts_csv(flights(5)), "01_bronze/2009/jan.csv"),
        ("jan.zip", zipped(readme__html=b"", jan__csv=bts_csv(flights(5))), "01_bronze/2009/jan.zip"),
    ],
)
def test_a_file_finds_its_place_by_its_first_row(name: str, text: bytes, key: str, lake: Lake, tmp_path: Path) -> None:
    """A yearly file is named after its year, a monthly one goes into the year's folder; both unchanged."""
    (done,) = _ingest(lake, _given(tmp_path, name, text))
    assert (done.year, done.key, done.written, done.size) == (2009, key, True, len(text))
    assert _bronze(lake) == {key: text}
    assert [file.key for file in lake.bronze_files(2009)] == [key]


def test_the_same_file_again_was_there(lake: Lake, tmp_path: Path) -> None:
    """Also under another name; nothing is written."""
    first, again = _given(tmp_path, "a.csv", KAGGLE), _given(tmp_path, "b.csv", KAGGLE)
    assert [done.written for done in _ingest(lake, first)] == [True]
    before = Path(lake.location("01_bronze/2009.csv")).stat()
    assert [done.written for done in _ingest(lake, again)] == [False]
    after = Path(lake.location("01_bronze/2009.csv")).stat()  # reading it may have changed its time of access
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (before.st_ino, before.st_mtime_ns, before.st_size)


@pytest.mark.parametrize("other", [kaggle_csv(flights(6)), KAGGLE.replace(b"DEN", b"JFK")])
def test_another_file_in_its_place_is_refused(other: bytes, lake: Lake, tmp_path: Path) -> None:
    """Of another size or of the same: bronze is never changed."""
    _ingest(lake, _given(tmp_path, "a.csv", KAGGLE))
    with pytest.raises(InputError, match=r"January 2009: already in the lake. .*2009\.csv.*b\.csv.*--replace"):
        _ingest(lake, _given(tmp_path, "b.csv", other))
    assert _bronze(lake) == {"01_bronze/2009.csv": KAGGLE}


def test_flights_that_bronze_has_are_found_in_any_form(lake: Lake, tmp_path: Path) -> None:
    """Packed, in an archive, or as another shape, they are the same month twice."""
    _ingest(lake, _given(tmp_path, "a.csv", KAGGLE))
    for name, text in (("a.csv.gz", gz(KAGGLE)), ("a.zip", zipped(a__csv=KAGGLE)), ("jan.csv", bts_csv(flights(5)))):
        with pytest.raises(InputError, match=r"January 2009: already in the lake. .*01_bronze/2009\.csv"):
            _ingest(lake, _given(tmp_path, name, text))
    assert _bronze(lake) == {"01_bronze/2009.csv": KAGGLE}


def test_several_files_of_a_year_share_a_folder(lake: Lake, tmp_path: Path) -> None:
    """Months come together or one by one; a yearly file with one of them again cannot join them."""
    months = [
        _given(tmp_path, f"m{m}.csv", bts_csv([flight(i, FL_DATE=f"2009-0{m}-01") for i in range(3)]))
        for m in (1, 2, 3)
    ]
    assert [done.key for done in _ingest(lake, *months[:2])] == ["01_bronze/2009/m1.csv", "01_bronze/2009/m2.csv"]
    assert [done.written for done in _ingest(lake, *months)] == [False, False, True]
    with pytest.raises(InputError, match=r"already in the lake. .*01_bronze/2009/m1.csv"):
        _ingest(lake, _given(tmp_path, "all.csv", KAGGLE))


def test_two_yearly_files_of_one_year_go_into_its_folder(lake: Lake, tmp_path: Path) -> None:
    """As halves of a year."""
    halves = [_given(tmp_path, f"h{i}.csv", kaggle_csv(flights(365)[i * 180 : i * 180 + 180])) for i in (0, 1)]
    assert [done.key for done in _ingest(lake, *halves)] == ["01_bronze/2009/h0.csv", "01_bronze/2009/h1.csv"]


def test_files_of_several_years_at_once(lake: Lake, tmp_path: Path) -> None:
    """Each goes to its own year."""
    files = [_given(tmp_path, f"{year}.csv", kaggle_csv(flights(3, year=year))) for year in (2009, 2010)]
    assert [done.key for done in _ingest(lake, *files)] == ["01_bronze/2009.csv", "01_bronze/2010.csv"]


def test_nothing_is_copied_when_one_of_the_files_is_wrong(lake: Lake, tmp_path: Path) -> None:
    """All are looked at first."""
    good, bad = _given(tmp_path, "a.csv", KAGGLE), _given(tmp_path, "b.csv", b"a,b\n")
    with pytest.raises(InputError, match=r"b\.csv, line 1"):
        _ingest(lake, good, bad)
    assert not Path(lake.root).exists()


def test_one_month_given_twice_is_refused(lake: Lake, tmp_path: Path) -> None:
    """Its flights would count twice."""
    (tmp_path / "other").mkdir()
    files = [_given(folder, "jan.csv", bts_csv(flights(3))) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(InputError, match=r"January 2009 is in two of these files"):
        _ingest(lake, *files)


def test_a_year_that_the_file_does_not_have_is_refused(lake: Lake, tmp_path: Path) -> None:
    """`run` would set all its rows aside."""
    with pytest.raises(InputError, match=r"flights of 2009, not of 2010"):
        _ingest(lake, _given(tmp_path, "a.csv", KAGGLE), year=2010)


def test_a_few_dates_that_are_none_do_not_matter(lake: Lake, tmp_path: Path) -> None:
    """At most 1 %, as `run` has it; more are refused here already, so that bronze is not filled with them."""
    odd = [flight(i, FL_DATE="?") for i in range(3)]
    assert _ingest(lake, _given(tmp_path, "a.csv", kaggle_csv([*odd, *flights(300)])))[0].key == "01_bronze/2009.csv"
    with pytest.raises(InputError, match=r"3 of 103 rows have no date .* '\?'"):
        _ingest(lake, _given(tmp_path, "b.csv", kaggle_csv([*odd, *flights(100)])))


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "2009", "2009-W01-1", "", "../../x"])
def test_a_date_that_cannot_be_is_no_year(date: str, lake: Lake, tmp_path: Path) -> None:
    """A path is never made from what a file says, but from a number between 1987 and 2100."""
    with pytest.raises(InputError, match="date"):
        _ingest(lake, _given(tmp_path, "a.csv", kaggle_csv([flight(0, FL_DATE=date)])))


def test_the_first_row_is_read_as_csv(lake: Lake, tmp_path: Path) -> None:
    """The date may follow quoted fields with commas, and blank lines may come before it."""
    text = bts_csv(flights(3))
    header, *rows = text.decode().splitlines(keepends=True)
    moved = [",".join(["Place" if i == 0 else '"Newark, NJ"', line]) for i, line in enumerate([header, *rows])]
    (done,) = _ingest(lake, _given(tmp_path, "a.csv", "".join([moved[0], "\n", *moved[1:]]).encode()))
    assert done.year == 2009


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.csv", "there is no file"),
        ("*.none", "no file matches"),
        (".x.csv", "is a hidden file"),
        ("", "contains no files"),
    ],
)
def test_what_is_no_source_file_is_refused(name: str, said: str, lake: Lake, tmp_path: Path) -> None:
    """The message says what it is and what to do."""
    if name == ".x.csv":
        _given(tmp_path, name, KAGGLE)
    with pytest.raises(InputError, match=said):
        ingest_files([tmp_path / name], lake, year=None, scratch=tmp_path.parent / "scratch")


def test_a_file_that_came_meanwhile_is_not_overwritten(lake: Lake, tmp_path: Path) -> None:
    """Two runs at once: the later one is told, whatever it saw before."""
    copy = _given(tmp_path, "copy", b"mine")
    _given(tmp_path, "x", b"")
    place = Path(lake.location("01_bronze/2009.csv"))
    place.parent.mkdir(parents=True)
    place.write_bytes(b"theirs")
    with pytest.raises(InputError, match=r"another run has written .* in the meantime"):
        lake.publish(copy, "01_bronze/2009.csv", replace=False)
    assert place.read_bytes() == b"theirs"
