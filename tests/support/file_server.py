"""A server of files over HTTP, with ranges and editions, and with the faults of such servers.

It also works as a proxy: whatever the host in an address, its last part names the file.
"""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the server does once instead of a good answer.

    Attributes:
        status, headers, body: the answer, if `status` is not 0.
        cut: bytes of the good answer after which the connection ends.
        claimed: the length that the good answer claims.
        stall: seconds before the answer's body.
        block, pause: the body is sent in blocks of this many bytes, with this pause in seconds.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    claimed: int | None = None
    stall: float = 0.0
    block: int = 1 << 16
    pause: float = 0.0


PAGE = Fault(
    status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<!DOCTYPE html><html>Please log in</html>"
)
"""A page of HTML, with status 200."""


@dataclass(kw_only=True)
class FileServer:
    """The server's files, and the requests that it has received.

    Attributes:
        files: name → bytes.
        faults: name → the faults of its next requests, one each; "*" stands for every file.
        asked: for each request its file's name and its headers, in order.
        most_at_once: the largest number of simultaneous requests.
        ranges, editions: whether it supports ranges; whether it sends ETag and Last-Modified.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    most_at_once: int = 0
    ranges: bool = True
    editions: bool = True
    changed: str = "Mon, 02 Nov 2026 10:00:00 GMT"
    _at_once: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def names(self) -> list[str]:
        """The requested files, in order."""
        return [name for name, _ in self.asked]

    def next_fault(self, name: str) -> Fault:
        """The next fault of a file; a good answer if none is left."""
        with self._lock:
            for key in (name, "*"):
                if self.faults.get(key):
                    return self.faults[key].pop(0)
        return Fault()

    @contextmanager
    def counted(self, name: str, headers: dict[str, str]) -> Iterator[None]:
        """Counts a request while it is answered."""
        with self._lock:
            self.asked.append((name, headers))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def etag(self, name: str) -> str:
        """The ETag of a file, which depends on its bytes."""
        return f'"{sha256(self.files[name]).hexdigest()[:16]}"'


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            with server.counted(name, dict(self.headers)):
                fault = server.next_fault(name)
                if fault.status:
                    self._send(fault.status, dict(fault.headers), fault.body, fault)
                elif name not in server.files:
                    self._send(404, {"Content-Type": "text/html"}, b"<html>404 Not Found</html>", fault)
                else:
                    self._file(name, fault)

        def _file(self, name: str, fault: Fault) -> None:
            body, etag = server.files[name], server.etag(name)
            headers = {"Content-Type": "application/x-zip-compressed"}
            if server.editions:
                headers |= {"ETag": etag, "Last-Modified": server.changed}
                if self.headers.get("If-None-Match") == etag:
                    self._send(304, headers, b"", fault)
                    return
            begin = self._begin(etag)
            if begin is None:
                self._send(200, headers, body, fault)
            elif begin >= len(body):
                self._send(416, {"Content-Range": f"bytes */{len(body)}"}, b"", fault)
            else:
                headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
                self._send(206, headers, body[begin:], fault)

        def _begin(self, etag: str) -> int | None:
            asked = self.headers.get("Range", "")
            if not server.ranges or not asked or self.headers.get("If-Range", etag) not in {etag, server.changed}:
                return None
            return int(asked.removeprefix("bytes=").partition("-")[0])

        def _send(self, status: int, headers: dict[str, str], body: bytes, fault: Fault) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            length = len(body) if fault.claimed is None else fault.claimed
            if status != 304:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.flush()
            time.sleep(fault.stall)
            body = body if fault.cut is None else body[: fault.cut]
            for at in range(0, len(body), fault.block):
                self.wfile.write(body[at : at + fault.block])
                server.sent += len(body[at : at + fault.block])
                time.sleep(fault.pause)
            self.close_connection = len(body) != length

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Do not log."""

    return Handler


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A disconnected client is not an error here."""


@contextmanager
def file_server(certificate: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    """A running server, by HTTPS with that certificate."""
    server = FileServer()
    with _Threads(("127.0.0.1", 0), _handler(server)) as running:
        if certificate:
            running.socket = certificate.wrap_socket(running.socket, server_side=True)
        server.url = f"http{'s' if certificate else ''}://localhost:{running.server_port}/PREZIP"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join()
