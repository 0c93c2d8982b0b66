"""What errors of the disk and of Polars mean to the user."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from tarmac.errors import SystemFailure, TarmacError
from tarmac.storage.errors import disk_error


@contextmanager
def told_plainly(place: str) -> Iterator[None]:
    """Turn what a full disk, a lost file or a broken Parquet file raises into an error that the user can act on."""
    try:
        yield
    except TarmacError:
        raise
    except OSError as error:
        if error.errno is None:
            raise _from_polars(error, place) from error
        raise disk_error(error, place) from error
    except (pl.exceptions.PolarsError, MemoryError) as error:
        raise _from_polars(error, place) from error


def _from_polars(error: BaseException, place: str) -> TarmacError:
    text = " ".join(str(error).split())[:300]
    # Polars gives the number of the system's error in the text alone.
    if of_system := re.search(r"\(os error (\d+)\)", text):
        number = int(of_system[1])
        return disk_error(OSError(number, os.strerror(number)), place)
    return SystemFailure(
        f"reading or writing {place} failed: {text}. Nothing was published by this step; run it again."
    )
