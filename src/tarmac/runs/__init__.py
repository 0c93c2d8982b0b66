"""Runs: where they work, their record, their scores, and the alerts about them."""
