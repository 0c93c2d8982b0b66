"""Download one file over HTTP: resumed after a break, retried with growing pauses, published only when complete."""

import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from tarmac.bronze.download.answer import FailedAttempt, begin_of, edition_of, refuse_page, refuse_status
from tarmac.bronze.download.partial import Edition, Partial
from tarmac.errors import InputError, SystemFailure
from tarmac.storage.errors import explained

CHUNK = 1 << 18
LEAST_SPEED = 100
"""Bytes per second, on average over one timeout; a slower server counts as one that does not answer."""

LONGEST_PAUSE = 120.0
"""Seconds between two attempts, and the longest Retry-After that is waited for."""


@dataclass(frozen=True, kw_only=True)
class Politeness:
    """How a server is asked.

    Attributes:
        attempts: how often a file is asked for without getting a byte further.
        pause: seconds before the second attempt; each later pause is twice as long, up to LONGEST_PAUSE.
        timeout: seconds without an answer, or without LEAST_SPEED, after which an attempt has failed.
    """

    attempts: int = 6
    pause: float = 2.0
    timeout: float = 60.0


class StoppedError(Exception):
    """Another thread asked this one to stop."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A whole file, and the edition that it is; `changed`: false where the edition known before is still the present one."""

    edition: Edition
    changed: bool


class _SystemCertificates(HTTPAdapter):
    """Trusts the certificates of the operating system (or SSL_CERT_FILE) beside those of the package certifi."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests calls it."""
        super().init_poolmanager(*args, **kwargs, ssl_context=ssl.create_default_context())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """As requests calls it."""
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=ssl.create_default_context())


def new_session() -> requests.Session:
    """A session for one thread; proxies are those of the usual variables (HTTPS_PROXY, NO_PROXY, …)."""
    session = requests.Session()
    session.mount("https://", _SystemCertificates())
    # A range counts bytes as they are sent, so they must be sent as they are.
    session.headers.update({"User-Agent": f"tarmac/{version('tarmac')}", "Accept-Encoding": "identity"})
    return session


@dataclass(frozen=True, kw_only=True)
class Client:
    """What fetches files in one thread.

    Attributes:
        session: see `new_session`.
        politeness: pauses, attempts and timeout.
        stop: set by another thread to end a download; what was received is kept.
        check: raises ValueError, with the reason, for a file that is damaged or another one than was asked for.
        note: called with a message for each failed attempt that is repeated.
    """

    session: requests.Session
    politeness: Politeness
    stop: threading.Event
    check: Callable[[Path], None]
    note: Callable[[str], None] = lambda _: None

    def fetch(
        self,
        url: str,
        partial: Partial,
        *,
        known: Edition | None = None,
        newer: bool = True,
        progress: Callable[[int, int | None], None] = lambda _, __: None,
    ) -> Fetched:
        """Make `partial` the whole file at this address.

        Args:
            url: the address.
            partial: where the bytes go; what it has of the same edition is not fetched again.
            known: the edition that is in bronze already. Where the server still has that one, nothing is fetched.
            newer: false: an edition that is not the known one is reported and not fetched.
            progress: called with the bytes there and the bytes in all, if the server tells.

        Raises:
            NotThereError: the server has no such file.
            InputError: the address is wrong, or the server refuses this request.
            SystemFailure: all attempts failed; the message says how the last one did.
        """
        left, pause, most = self.politeness.attempts, self.politeness.pause, partial.size
        while True:
            try:
                return self._attempt(url, partial, known, newer, progress)
            except FailedAttempt as failed:
                if partial.size > most:
                    left, pause, most = self.politeness.attempts, self.politeness.pause, partial.size
                left -= 1
                if left <= 0:
                    raise SystemFailure(
                        f"{url}: {failed} Given up after {self.politeness.attempts} attempts without progress. "
                        "Run the same command again later: it continues where this one ended."
                    ) from failed
                self._wait(failed, pause, url)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _wait(self, failed: FailedAttempt, pause: float, url: str) -> None:
        if failed.wait is not None and failed.wait > LONGEST_PAUSE:
            raise SystemFailure(
                f"{url}: {failed} The server asks to wait {failed.wait:,.0f} seconds. Run the same command again then."
            ) from failed
        # Several threads that failed together should not come back together.
        seconds = max(failed.wait or 0.0, pause * random.uniform(0.75, 1.25))  # noqa: S311 - not for secrets
        self.note(f"{url.rpartition('/')[2]}: {failed} Asking again in {seconds:.0f} s.")
        if self.stop.wait(seconds):
            raise StoppedError

    def _attempt(
        self,
        url: str,
        partial: Partial,
        known: Edition | None,
        newer: bool,
        progress: Callable[[int, int | None], None],
    ) -> Fetched:
        headers = partial.resume_headers(url)
        if not headers and known:
            headers = known.unless_changed()
        with self._answer(url, headers) as answer:
            if answer.status_code == 304 and known:
                return Fetched(edition=known, changed=False)
            if answer.status_code == 416:
                said = partial.edition.size if partial.edition else None
                had = partial.size
                partial.drop()
                raise FailedAttempt(
                    f"the server has nothing after {had:,} bytes, and had announced {said or 'no'} bytes."
                )
            refuse_status(answer, url)
            edition = edition_of(answer, url)
            if known and edition.same_as(known):
                return Fetched(edition=known, changed=False)
            if known and not newer:
                return Fetched(edition=edition, changed=True)
            refuse_page(answer, url)
            self._receive(answer, edition, partial, progress)
        return self._whole(partial.edition or edition, partial)

    @contextmanager
    def _answer(self, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        timeout = self.politeness.timeout
        try:
            with self.session.get(url, headers=headers, stream=True, timeout=(timeout, timeout)) as answer:
                yield answer
        except (
            requests.exceptions.InvalidSchema,
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
        ) as e:
            raise InputError(f"{url!r} is not the address of a server: {e}. Fix --mirror.") from e
        except requests.exceptions.SSLError as error:
            raise SystemFailure(
                f"{url}: the server's certificate was not accepted: {_reason(error)}. If a proxy signs certificates, name "
                "its authority's file with the variable SSL_CERT_FILE or REQUESTS_CA_BUNDLE."
            ) from error
        except requests.exceptions.ProxyError as error:
            raise FailedAttempt(
                f"the proxy did not pass the request on: {_reason(error)}. Check the variables HTTPS_PROXY and NO_PROXY."
            ) from error
        except requests.exceptions.TooManyRedirects as error:
            raise SystemFailure(f"{url}: the server redirects in a loop. Check --mirror.") from error
        except requests.exceptions.Timeout as error:
            raise FailedAttempt(f"the server did not answer for {timeout:g} seconds.") from error
        except requests.exceptions.RequestException as error:
            raise FailedAttempt(f"the connection failed: {_reason(error)}.") from error

    def _receive(
        self,
        answer: requests.Response,
        edition: Edition,
        partial: Partial,
        progress: Callable[[int, int | None], None],
    ) -> None:
        """Append the body to the partial file, or start it again where the server sends the file from its beginning."""
        begin = begin_of(answer)
        if begin == 0:
            partial.begin(edition)
        elif begin != partial.size or not edition.continues(partial.edition):
            partial.drop()
            raise FailedAttempt("the server sent a different part of the file than was requested.")
        speed = _Speed(self.politeness.timeout)
        with explained(str(partial.path)), partial.path.open("ab") as file:
            while block := self._read(answer):
                file.write(block)
                file.flush()  # what came stays, however this process ends
                progress(file.tell(), edition.size)
                speed.count(len(block))
                if self.stop.is_set():
                    raise StoppedError

    def _read(self, answer: requests.Response) -> bytes:
        """The next bytes as they come; `read` would wait for a whole block of a slow server."""
        try:
            return bytes(answer.raw.read1(CHUNK, decode_content=True) or b"")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise FailedAttempt(f"the server sent nothing for {self.politeness.timeout:g} seconds.") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise FailedAttempt(f"the connection broke: {_reason(error)}.") from error

    def _whole(self, edition: Edition, partial: Partial) -> Fetched:
        size = partial.size
        if edition.size is not None and size < edition.size:
            raise FailedAttempt(f"the connection ended after {size:,} of {edition.size:,} bytes.")
        try:
            if edition.size is not None and size > edition.size:
                raise ValueError(f"it has {size:,} bytes, and the server announced {edition.size:,}")
            self.check(partial.path)
        except ValueError as error:
            partial.drop()
            raise FailedAttempt(f"what was received is not the file: {error}.") from error
        partial.finish()
        return Fetched(edition=edition, changed=True)


class _Speed:
    """Ends an attempt that gets hardly anything: fewer than LEAST_SPEED bytes a second over one timeout."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._since, self._bytes = time.monotonic(), 0

    def count(self, received: int) -> None:
        """Count received bytes."""
        self._bytes += received
        seconds = time.monotonic() - self._since
        if seconds < self._timeout:
            return
        if self._bytes < LEAST_SPEED * seconds:
            raise FailedAttempt(f"the server sent only {self._bytes:,} bytes in {seconds:.0f} seconds.")
        self._since, self._bytes = time.monotonic(), 0


def _reason(error: BaseException) -> str:
    """The innermost reason, which libraries wrap several times, without addresses of objects in memory."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return re.sub(r"<[^<>]* object at 0x[0-9a-f]+>:?\s*", "", str(error)).strip(" .") or type(error).__name__
