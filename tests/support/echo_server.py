"""An application that returns the requests it receives from the proxy, to test what Airflow and Superset do not show."""

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Echo(BaseHTTPRequestHandler):
    """Answers every path alike, but /framed, /silent and /socket."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Method, path and headers as JSON; Set-Cookie without any flag."""
        if self.headers.get("Upgrade") == "websocket":
            self._shake_hands()
            return
        if self.path.endswith("/silent"):
            self.server.closing.wait(60)  # type: ignore[attr-defined]
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = {"method": self.command, "path": self.path, "headers": dict(self.headers)}
        body = json.dumps(asked | {"filling": "x" * 2000}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session=1; Path=/")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.path.endswith("/framed"):
            self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """The same."""
        self.do_GET()

    def _shake_hands(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.wfile.write(b"\x81\x05hello")
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Do not log."""


@contextmanager
def running_echo(tls: Path, name: str = "applications") -> Iterator[str]:
    """host:port of a running one with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / f"{name}.crt", tls / f"{name}.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        server.closing = threading.Event()  # type: ignore[attr-defined]
        # The handshake runs in each connection's own thread, so that a failing one does not stop the server.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.closing.set()  # type: ignore[attr-defined]
        server.shutdown()
