"""The engine for a cluster."""
