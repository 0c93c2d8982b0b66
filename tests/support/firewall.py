"""A connection to a database that can stop responding, as behind a firewall or a security group that drops packets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Firewall:
    """Forwards TCP connections to a Unix socket until it is closed."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(0.2)
        self._open = threading.Event()
        self._open.set()
        self._fillers: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def port(self) -> int:
        """Its port on the loopback."""
        port: int = self._listener.getsockname()[1]
        return port

    def stop_answering(self) -> None:
        """From now on, connections are accepted but never answered."""
        self._open.clear()
        self._accepting.join()

    def drop_packets(self) -> None:
        """From now on, nothing answers: a listener's full queue of one makes the kernel drop new packets."""
        self.stop_answering()
        self._listener.listen(0)
        while self._reachable():
            assert len(self._fillers) < 100, "the kernel still answers"

    def close(self) -> None:
        """Release the port and the connections that fill the queue."""
        self.stop_answering()
        for held in (*self._fillers, self._listener):
            held.close()

    def _reachable(self) -> bool:
        trial = socket.socket()
        self._fillers.append(trial)
        trial.settimeout(1)
        try:
            trial.connect(("127.0.0.1", self.port))
        except TimeoutError:
            return False
        return True

    def _accept(self) -> None:
        while self._open.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._target))
            client.settimeout(None)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def open_firewall(target: Path) -> Iterator[Firewall]:
    """A firewall that is open at first."""
    firewall = Firewall(target)
    try:
        yield firewall
    finally:
        firewall.close()
