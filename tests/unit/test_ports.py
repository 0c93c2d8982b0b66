"""The ports that tests give to their servers."""

import socket
from pathlib import Path

from tests.support.ports import free_port


def test_a_port_is_given_once_and_is_none_that_the_kernel_hands_out() -> None:
    """A server binds it minutes later, while other sessions open thousands of connections."""
    given = [free_port() for _ in range(50)]
    assert len(set(given)) == len(given)
    kernel = Path("/proc/sys/net/ipv4/ip_local_port_range")
    assert not kernel.exists() or max(given) < int(kernel.read_text().split()[0])
    for port in given:
        socket.create_server(("127.0.0.1", port)).close()
