"""Interpret a server's answer: a file and its edition, a part of one, or why there is none."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from tarmac.bronze.download.partial import Edition
from tarmac.errors import InputError, SystemFailure

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_THERE = frozenset({404, 410})


class NotThereError(Exception):
    """The server has no file at this address."""


class FailedAttempt(Exception):  # noqa: N818 - it is retried
    """An attempt that may succeed later; `wait` is the pause that the server asked for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


def refuse_status(answer: requests.Response, url: str) -> None:
    """Raise what a status other than 200 and 206 means.

    Raises:
        NotThereError: there is no such file.
        FailedAttempt: the same request may succeed later.
        InputError: it never will.
    """
    status = f"{answer.status_code} {answer.reason}".strip()
    if answer.status_code in _NOT_THERE:
        raise NotThereError(url)
    if answer.status_code in _RETRIED or answer.status_code >= 500:
        raise FailedAttempt(f"the server answered {status}.", _retry_after(answer))
    if answer.status_code >= 400:
        raise InputError(
            f"{url}: the server refuses the request: {status}. Check --mirror, and whether it needs a log-in."
        )
    if answer.status_code not in {200, 206}:
        raise FailedAttempt(f"the server answered {status}, which is not the file.")


def refuse_page(answer: requests.Response, url: str) -> None:
    """Raises SystemFailure where the answer is a page for people."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"}:
        raise SystemFailure(
            f"{url}: the server sent a page of HTML in place of the file (status {answer.status_code}). It may be closed for "
            "maintenance, or a network may want you to log in: open the address in a browser, then run the command again."
        )


def _retry_after(answer: requests.Response) -> float | None:
    """The pause that the server asks for: in seconds, or until a date."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def edition_of(answer: requests.Response, url: str) -> Edition:
    """The edition of the file that is sent, wholly or in part."""
    size = None
    if answer.status_code == 206:
        total = _content_range(answer)[1]
        size = int(total) if total.isdecimal() else None
    elif answer.headers.get("Content-Length", "").isdecimal() and "Content-Encoding" not in answer.headers:
        size = int(answer.headers["Content-Length"])
    return Edition(
        url=url,
        etag=answer.headers.get("ETag", ""),
        last_modified=answer.headers.get("Last-Modified", ""),
        size=size,
    )


def begin_of(answer: requests.Response) -> int:
    """The place of the body's first byte in the file; -1 where the server does not say it."""
    if answer.status_code != 206:
        return 0
    begin = _content_range(answer)[0]
    return int(begin) if begin.isdecimal() else -1


def _content_range(answer: requests.Response) -> tuple[str, str]:
    """The first byte and the size of the whole file, as text; empty where the header is invalid."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
    return (match[1], match[2]) if match else ("", "")
