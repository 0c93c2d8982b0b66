"""Ports that nobody uses."""

import socket


def free_port() -> int:
    """A port of this machine that was free a moment ago."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
