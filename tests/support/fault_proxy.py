"""A proxy in front of an S3 server that injects faults of bad networks and busy servers into chosen requests."""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


@dataclass(kw_only=True)
class Exchange:
    """One request: its head, the connection it came on, and where the real server is."""

    head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: tuple[str, int]
    let_go: asyncio.Event

    @property
    def method(self) -> str:
        """GET, PUT, …"""
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        """The path with its query."""
        return unquote(self.head.split(b" ", 2)[1].decode())


Fault = Callable[[Exchange], Awaitable[None]]


@dataclass(kw_only=True)
class _Rule:
    method: str
    part: str
    fault: Fault
    skip: int
    times: int


class FaultProxy:
    """Its address, and the faults still to be injected."""

    def __init__(self, url: str, upstream: tuple[str, int]) -> None:
        self.url, self.upstream = url, upstream
        self.let_go = asyncio.Event()
        self._rules: list[_Rule] = []
        self.done: list[str] = []
        # asyncio only has weak references to its tasks: one that waits for a lost connection would be collected.
        self._alive: set[asyncio.Task[None] | None] = set()

    def will(self, fault: Fault, method: str, part: str, *, skip: int = 0, times: int = 1) -> None:
        """Inject this fault into requests of this method with this part in their path or query, after `skip` good ones."""
        self._rules.append(_Rule(method=method, part=part, fault=fault, skip=skip, times=times))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, which is closed after one request."""
        self._alive.add(asyncio.current_task())
        try:
            # Swallowed at the end of the proxy: asyncio would log a connection's cancelled task as an error.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                exchange = Exchange(
                    head=await reader.readuntil(b"\r\n\r\n"),
                    reader=reader, writer=writer, upstream=self.upstream, let_go=self.let_go,
                )  # fmt: skip
                await self._fault_for(exchange)(exchange)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._alive.discard(asyncio.current_task())

    def _fault_for(self, exchange: Exchange) -> Fault:
        for rule in self._rules:
            if rule.method == exchange.method and rule.part in exchange.target and rule.times:
                if rule.skip:
                    rule.skip -= 1
                    continue
                rule.times -= 1
                self.done.append(f"{rule.fault.__name__} {exchange.method} {exchange.target}")
                return rule.fault
        return passes


async def passes(exchange: Exchange) -> None:
    """No fault."""
    await _relay(exchange)


async def says_slow_down(exchange: Exchange) -> None:
    """503 Slow Down, as from an overloaded server."""
    exchange.writer.write(
        b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % len(_SLOW_DOWN)
    )
    if exchange.method != "HEAD":
        exchange.writer.write(_SLOW_DOWN)
    await exchange.writer.drain()


async def says_nothing(exchange: Exchange) -> None:
    """Reads the head of the request and then neither answers nor reads on."""
    exchange.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await exchange.let_go.wait()


async def resets(exchange: Exchange) -> None:
    """The connection is reset."""
    _reset(exchange.writer)


async def cuts_the_answer(exchange: Exchange) -> None:
    """Sends half of the promised body, then closes the connection."""
    await _relay(exchange, answer_share=0.5)


async def cuts_the_upload(exchange: Exchange) -> None:
    """Resets the connection when half of the body has been uploaded."""
    await _relay(exchange, upload_share=0.5)


async def loses_the_answer(exchange: Exchange) -> None:
    """The server carries out the request, but its answer never arrives."""
    await _relay(exchange, answer_share=-1)


async def _relay(exchange: Exchange, *, answer_share: float = 1, upload_share: float = 1) -> None:
    down, up = await asyncio.open_connection(*exchange.upstream)
    try:
        up.write(re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", exchange.head)[:-2] + b"Connection: close\r\n\r\n")
        sending = asyncio.create_task(_send(exchange, up, upload_share))
        receiving = asyncio.create_task(_receive(exchange, down, answer_share))
        await asyncio.wait({receiving} if upload_share == 1 else {sending, receiving}, return_when="FIRST_COMPLETED")
        sending.cancel()
        receiving.cancel()
        if upload_share < 1:
            _reset(exchange.writer)
    finally:
        up.transport.abort()
        with suppress(OSError):
            await up.wait_closed()


async def _send(exchange: Exchange, up: asyncio.StreamWriter, share: float) -> None:
    left = int(share * _length(exchange.head))
    while left and (block := await exchange.reader.read(min(left, 1 << 16))):
        left -= len(block)
        up.write(block)
        await up.drain()


async def _receive(exchange: Exchange, down: asyncio.StreamReader, share: float) -> None:
    head = await down.readuntil(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        exchange.writer.write(head)
        head = await down.readuntil(b"\r\n\r\n")
    if share < 0:
        _reset(exchange.writer)
        return
    exchange.writer.write(head)
    # Without a length, the body ends with the connection.
    left = int(share * _length(head)) if _length(head) else 1 << 40
    while left and (block := await down.read(min(left, 1 << 16))):
        left -= len(block)
        exchange.writer.write(block)
        await exchange.writer.drain()


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return int(found[1]) if found else 0


def _reset(writer: asyncio.StreamWriter) -> None:
    # Closing without lingering sends a reset instead of an end.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def fault_proxy(server_url: str) -> Iterator[FaultProxy]:
    """A proxy on a free port, in its own thread; all connections are closed at the end."""
    where = urlsplit(server_url)
    assert where.hostname is not None
    assert where.port is not None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    proxy = FaultProxy("", (where.hostname, where.port))

    async def start() -> asyncio.Server:
        return await asyncio.start_server(proxy.serve, "127.0.0.1", 0)

    async def stop(server: asyncio.Server) -> None:
        proxy.let_go.set()
        server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=1)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    proxy.url = "http://{}:{}".format(*server.sockets[0].getsockname())
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
