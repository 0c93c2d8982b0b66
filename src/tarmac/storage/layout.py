"""The lake's zones, and the files of one year's bronze."""

from dataclasses import dataclass
from pathlib import Path

from tarmac.errors import InputError

BRONZE_SUFFIXES: tuple[str, ...] = (".csv", ".csv.gz", ".zip")
"""The forms of a bronze file; `.csv.zip` ends with the last."""

LEADERBOARD = "reports/leaderboard"
"""The folder of the detectors' leaderboard in the lake."""


@dataclass(frozen=True, kw_only=True)
class Zones:
    """The folders of the three zones, below the lake's root."""

    bronze: str = "01_bronze"
    silver: str = "02_silver"
    gold: str = "03_gold"

    def __post_init__(self) -> None:
        """Refuse a folder that is empty or climbs out of the lake."""
        for zone, folder in vars(self).items():
            if not folder or folder.startswith("/") or ".." in folder.split("/"):
                raise InputError(
                    f"the {zone} folder {folder!r} is not a path inside the lake. Name one like 01_bronze."
                )


@dataclass(frozen=True, kw_only=True)
class BronzeFile:
    """One file of a year's bronze: its key below the lake's root, and its size in bytes.

    `called` is the name it is known by, where that is not its own: a copy's.
    """

    key: str
    size: int
    called: str = ""

    @property
    def name(self) -> str:
        """The file's name, as messages and the quarantine give it."""
        return self.called or self.key.rpartition("/")[2]


def folder_of(where: str) -> str:
    """The whole path of a lake in a folder; InputError for the home of nobody."""
    try:
        return str(Path(where).expanduser().absolute())
    except RuntimeError:
        raise InputError(
            f"the lake {where!r} is in the home of a user unknown here. Fix --lake or TARMAC_LAKE."
        ) from None
