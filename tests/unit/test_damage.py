"""Damaged archives: whatever was changed in them, they are read or refused with a message; never anything else."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tarmac.bronze.contents import contents_of
from tarmac.bronze.decide import Options
from tarmac.errors import InputError
from tests.support.flight_lines import flights, gz, kaggle_csv

TEXT = kaggle_csv(flights(20))
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def _zip(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("flights.csv", TEXT)
        archive.writestr("readme.html", "x")
    return packed.getvalue()


PACKED = [(".csv.gz", gz(TEXT)), *((".zip", _zip(method)) for method in METHODS)]


@pytest.mark.parametrize(("suffix", "packed"), PACKED, ids=["gz", "stored", "deflated", "bzip2", "lzma"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused(
    suffix: str, packed: bytes, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Some bytes changed, and perhaps the end cut off: an InputError says so, or nothing was lost that is read."""
    damaged = bytearray(packed)
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    file.write_bytes(damaged[: data.draw(st.integers(0, len(packed)))])
    try:
        contents_of(file.name, file.stat().st_size, lambda: file.open("rb"), Options())
    except InputError as error:
        assert file.name in str(error)  # noqa: PT017 - most examples raise, but not all


def test_a_device_that_fails_is_not_called_damage(tmp_path: Path) -> None:
    """An error with a number comes from the system: a folder named like an archive is no damaged archive."""
    folder = tmp_path / "x.csv.gz"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        contents_of("x.csv.gz", 1, lambda: folder.open("rb"), Options())
