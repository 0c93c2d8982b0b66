"""Ports for servers that tests start: each is given once, and none is the kernel's to hand out meanwhile."""

import random
import socket
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 that this process alone was given, until it ends.

    A server may bind it minutes later: test sessions run side by side, and a port that the kernel had chosen
    could by then be the end of anybody's connection. So it lies below those, and a UDP socket, which no server
    of ours uses, holds its number.
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
