"""Download Kaggle's yearly files of flights into bronze with Kaggle's client kagglehub."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tarmac.bronze.ingest import Ingested, ingest_files
from tarmac.errors import InputError, SystemFailure
from tarmac.storage.lake import Lake

_2009_TO_2018 = ("yuanyuwendymu/airline-delay-and-cancellation-data-2009-2018", "{year}.csv")
_2019_TO_2022 = ("robikscube/flight-delay-dataset-20182022", "Combined_Flights_{year}.parquet")
_2024 = ("hrishitpatil/flight-data-2024", "flight_data_2024.csv")

FILES: dict[int, tuple[str, str]] = {
    **dict.fromkeys(range(2009, 2019), _2009_TO_2018),
    **dict.fromkeys(range(2019, 2023), _2019_TO_2022),
    2024: _2024,
}
"""Year → the data set that holds all flights of it, and the file in there. Those of 2022 end in July."""


def download_years(years: Iterable[int], lake: Lake, *, scratch: Path, replace: bool = False) -> list[Ingested]:
    """Fetch years into bronze; kagglehub keeps what it fetched, and fetches a file again only after it changed.

    Raises:
        InputError: Kaggle has no file of a year, kagglehub is not installed, or Kaggle asks for a log-in.
        SystemFailure: Kaggle or the network failed.
    """
    years = list(years)
    if unknown := [year for year in years if year not in FILES]:
        raise InputError(
            f"Kaggle has no file with all flights of {unknown[0]}: known are 2009 to 2022, and 2024. Take BTS's archives: "
            f"tarmac download bts --year {unknown[0]}"
        )
    hub = _client()
    lake.check_can_hold()
    done: list[Ingested] = []
    for year in years:
        handle, name = FILES[year]
        file = Path(_fetch(hub, handle, name.format(year=year)))
        done += ingest_files([file], lake, year=None, scratch=scratch, on_overlap="replace" if replace else "refuse")
    return done


def _client() -> Any:
    try:
        import kagglehub
    except ModuleNotFoundError as error:
        if error.name != "kagglehub":
            raise
        raise InputError(
            "Kaggle's files are downloaded with its client kagglehub, which is not installed. Install it: pip install kagglehub"
        ) from None
    return kagglehub


def _fetch(hub: Any, handle: str, name: str) -> str:
    import requests

    try:
        return str(hub.dataset_download(handle, path=name))
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in {401, 403}:
            raise InputError(
                f"Kaggle refused the download of {name} of {handle} ({status}). Get a token at kaggle.com/settings/api, and "
                "set the variable KAGGLE_API_TOKEN to it."
            ) from error
        if status == 404:
            raise InputError(
                f"Kaggle no longer has {name} of {handle} (404, not found). Use BTS's archives: tarmac download bts"
            ) from error
        raise SystemFailure(
            f"Kaggle failed at {name} of {handle}: {_line(error)}. Run the same command later."
        ) from error
    except (requests.RequestException, hub.exceptions.DataCorruptionError) as error:
        raise SystemFailure(
            f"fetching {name} of {handle} from Kaggle failed: {_line(error)}. Check the network, and run the same command again."
        ) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(". ") or type(error).__name__
