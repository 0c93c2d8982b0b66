"""Download BTS's monthly archives into bronze: several at once, each edition only once, with the code of `tarmac ingest`."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Literal, Protocol

from tarmac.bronze.contents import Contents
from tarmac.bronze.download.answer import NotThereError
from tarmac.bronze.download.archive import check_archive
from tarmac.bronze.download.http import Client, Fetched, Politeness, StoppedError, new_session
from tarmac.bronze.download.partial import Edition, Partial, downloads_folder
from tarmac.bronze.ingest import Ingested, ingest_files
from tarmac.bronze.ingest_plan import in_bronze
from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.storage.lake import BronzeFile, Lake
from tarmac.storage.scratch import scratch_folder

NAME = "On_Time_Reporting_Carrier_On_Time_Performance_1987_present_{year}_{month}.zip"

Status = Literal["downloaded", "replaced", "unchanged", "newer edition", "in bronze", "not published"]
"""What became of a month.

downloaded: it is new in bronze. replaced: so is this edition of it; the older one is kept aside. unchanged: bronze has the
edition that the server has. newer edition: the server has another than bronze, and --replace was not given. in bronze: bronze
has its flights from another file. not published: the server has no such file.
"""


@dataclass(frozen=True, kw_only=True, order=True)
class Month:
    """A month of a year."""

    year: int
    month: int

    def __str__(self) -> str:
        """As in "2019-03"."""
        return f"{self.year}-{self.month:02d}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a month: see Status. `key`, `size` (bytes) and `flights` are those of its file in bronze."""

    month: Month
    status: Status
    key: str = ""
    size: int = 0
    flights: int = 0

    def facts(self) -> dict[str, Any]:
        """As --json prints it."""
        return {**asdict(self), "month": str(self.month)}


class Watcher(Protocol):
    """Hears of the downloads' progress, from several threads."""

    def progress(self, month: Month, received: int, size: int | None) -> None:
        """So many of so many bytes of a month are there."""

    def ended(self, month: Month) -> None:
        """A month needs no further download."""

    def note(self, text: str) -> None:
        """A remark that the user should see and that stops nothing."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """How months are downloaded.

    Attributes:
        address: what BTS's archives are below.
        politeness: pauses, attempts and timeout.
        at_once: months that are fetched at once.
        replace: whether a newer edition replaces a month that was downloaded before.
        replace_others: whether a month that bronze has from another file is replaced, too.
    """

    address: str
    politeness: Politeness
    at_once: int = 4
    replace: bool = False
    replace_others: bool = False

    def __post_init__(self) -> None:
        """Raise an InputError for an address that is none."""
        if not self.address.lower().startswith(("http://", "https://")):
            raise InputError(
                f"mirror {self.address!r} is not a web address. Give one like https://host/folder with --mirror."
            )

    def url(self, month: Month) -> str:
        """The address of a month's archive."""
        return f"{self.address.rstrip('/')}/{NAME.format(year=month.year, month=month.month)}"


@dataclass(frozen=True, kw_only=True)
class _Job:
    month: Month
    url: str
    partial: Partial
    known: Edition | None = None
    key: str = ""


def download_months(
    months: Sequence[Month], lake: Lake, request: Request, *, home: Path, scratch: Path, watcher: Watcher
) -> list[Outcome]:
    """Fetch months into bronze; returns what became of each, in their order.

    Each month is in bronze, checked and whole, as soon as it was received; what a break leaves is continued by the next call.

    Raises:
        InputError: a request is refused, or a file is no file of flights.
        SystemFailure: a server, a network or a disk failed, or another download is running in `home`. Other months that were
            begun are finished first.
    """
    lake.check_can_hold()
    with downloads_folder(home) as folder:
        outcomes: dict[Month, Outcome] = {}
        jobs = []
        held = cache(lambda year: in_bronze(lake, year))
        for month in dict.fromkeys(months):
            job = _job(month, lake, request, folder, held)
            if isinstance(job, _Job):
                jobs.append(job)
            else:
                outcomes[month] = job
        failures: list[Exception] = []
        for done, result in _in_threads(jobs, request, watcher):
            if isinstance(result, Exception):
                failures.append(result)
            else:
                outcomes[done.month] = _into_bronze(done, result, lake, scratch, replace=request.replace)
            watcher.ended(done.month)
        if failures:
            raise _failure(failures, tried=len(outcomes) + len(failures), asked=len(set(months)))
    return [outcomes[month] for month in sorted(outcomes)]


def _job(
    month: Month,
    lake: Lake,
    request: Request,
    folder: Path,
    held: Callable[[int], Sequence[tuple[BronzeFile, Contents]]],
) -> _Job | Outcome:
    """What there is to fetch of a month; its outcome where bronze has it from elsewhere."""
    url = request.url(month)
    job = _Job(month=month, url=url, partial=Partial(folder=folder, name=url.rpartition("/")[2]))
    noted = _read_note(month, lake)
    if noted and lake.size(noted["key"]) == noted["size"]:
        return replace(job, known=Edition(**noted["edition"]), key=noted["key"])
    if request.replace_others or job.partial.finished(url):
        return job
    for file, contents in held(month.year):
        if str(month) in contents.months:
            rows = contents.months[str(month)].rows
            return Outcome(month=month, status="in bronze", key=file.key, size=file.size, flights=rows)
    return job


def _in_threads(
    jobs: Sequence[_Job], request: Request, watcher: Watcher
) -> Iterator[tuple[_Job, Fetched | Exception | None]]:
    """Each job with its result, None where the server has no such file; after a failure no further one is begun."""
    waiting: Queue[_Job] = Queue()
    for job in jobs:
        waiting.put(job)
    results: Queue[tuple[_Job, Fetched | Exception | None] | None] = Queue()
    stop, failed = threading.Event(), threading.Event()

    def work() -> None:
        session = new_session()
        while not (stop.is_set() or failed.is_set()):
            try:
                job = waiting.get_nowait()
            except Empty:
                break
            try:
                results.put((job, _fetch(job, request, session, stop, watcher)))
            except Exception as error:  # noqa: BLE001 - raised in the thread that asked
                failed.set()
                results.put((job, error))
        results.put(None)

    # A thread that waits for a server must not hold up the end of the process.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(request.at_once, len(jobs)))]
    try:
        for thread in threads:
            thread.start()
        ended = 0
        while ended < len(threads):
            if (result := results.get()) is None:
                ended += 1
            else:
                yield result
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=1.0)


def _fetch(job: _Job, request: Request, session: Any, stop: threading.Event, watcher: Watcher) -> Fetched | None:
    finished = job.partial.finished(job.url)
    if finished and (request.replace or not job.known):
        return Fetched(edition=finished, changed=True)
    client = Client(
        session=session,
        politeness=request.politeness,
        stop=stop,
        check=lambda path: check_archive(path, job.month.year, job.month.month),
        note=watcher.note,
    )
    try:
        return client.fetch(
            job.url,
            job.partial,
            known=job.known,
            newer=request.replace,
            progress=lambda received, size: watcher.progress(job.month, received, size),
        )
    except NotThereError:
        return None


def _into_bronze(job: _Job, fetched: Fetched | None, lake: Lake, scratch: Path, *, replace: bool) -> Outcome:
    if fetched is None and not job.known:
        return Outcome(month=job.month, status="not published")
    if fetched is None or not fetched.changed or not job.partial.whole.exists():
        changed = fetched is not None and fetched.changed
        return Outcome(
            month=job.month,
            status="newer edition" if changed else "unchanged",
            key=job.key,
            size=lake.size(job.key) or 0,
        )
    try:
        [done] = ingest_files(
            [job.partial.whole], lake, year=None, scratch=scratch, on_overlap="replace" if replace else "refuse"
        )
    except InputError:
        job.partial.drop()  # else each later run would try the same file again
        raise
    _note(job.month, fetched.edition, done, lake, scratch)
    job.partial.drop()
    status: Status = "replaced" if done.replaced else "downloaded" if done.written else "unchanged"
    return Outcome(month=job.month, status=status, key=done.key, size=done.size, flights=done.rows)


def _note(month: Month, edition: Edition, done: Ingested, lake: Lake, scratch: Path) -> None:
    before = _read_note(month, lake)
    same = before and not done.written and (before["key"], before["size"]) == (done.key, done.size)
    noted = {
        "key": done.key,
        "size": done.size,
        "edition": asdict(edition),
        "since": before["since"] if before and same else datetime.now(UTC).isoformat(),
    }
    with scratch_folder(lake.scratch_parent(scratch)) as folder:
        file = folder / "edition.json"
        file.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        lake.publish_changed(file, lake.downloaded_key(month.year, month.month))


def _read_note(month: Month, lake: Lake) -> dict[str, Any] | None:
    key = lake.downloaded_key(month.year, month.month)
    return json.loads(lake.read(key)) if lake.size(key) is not None else None


def last_change(year: int, lake: Lake) -> datetime | None:
    """When a download last changed the year's bronze; None where none did."""
    notes = (_read_note(Month(year=year, month=month), lake) for month in range(1, 13))
    return max((datetime.fromisoformat(noted["since"]) for noted in notes if noted), default=None)


def _failure(failures: Sequence[Exception], *, tried: int, asked: int) -> Exception:
    """The first failure that says something, with what became of the other months."""
    first = next((each for each in failures if not isinstance(each, StoppedError)), failures[0])
    if not isinstance(first, TarmacError):
        return first
    done = tried - len(failures)
    if asked == 1:
        return first
    kind = InputError if isinstance(first, InputError) else SystemFailure
    return kind(
        f"{first} Of {asked} months {done} {'is' if done == 1 else 'are'} done, {len(failures)} failed and "
        f"{asked - tried} {'was' if asked - tried == 1 else 'were'} not tried."
    )
