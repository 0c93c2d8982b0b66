"""The results of undisturbed runs on versions of the year, and the server with their rows."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.disturbed_sites import READS, Site


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of the year: its source file, and every file and row of an undisturbed run on it."""

    source: Path
    files: dict[str, bytes]
    rows: str

    def give(self, site: Site, step: str) -> None:
        """Write the step's input into the site's lake."""
        for key in READS[step]:
            site.put(key, self.files[key])


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running Postgres, and the folder of its `embedded_server`."""

    home: Path
    url: str

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url.replace("//postgres@/postgres", f"//postgres@/{name}", 1)
