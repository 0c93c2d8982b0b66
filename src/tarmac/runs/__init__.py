"""Runs: their workspace, record, scores and alerts."""
