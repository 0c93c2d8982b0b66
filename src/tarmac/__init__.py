"""Tarmac: on which days was a US airport abnormal, how badly, and why."""

__version__ = "0.1.0"
