"""Ports for servers that tests start: each is given out once, and the kernel assigns none of them to connections."""

import random
import socket
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 that is reserved for this process until it ends.

    A server may bind it minutes later, while other test sessions run, and a port chosen by the kernel could by then
    be in use by a connection. So it is below the kernel's range, and a UDP socket, which none of our servers
    uses, reserves its number.
    """
    below = min(32_768, int(_EPHEMERAL.read_text().split()[0])) if _EPHEMERAL.exists() else 32_768
    for port in random.sample(range(min(10_000, below // 2), below), 200):
        held = socket.socket(type=socket.SOCK_DGRAM)
        try:
            held.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                _given.append(held)
                return port
        except OSError:
            held.close()
    raise AssertionError(f"none of 200 ports below {below} is free")
