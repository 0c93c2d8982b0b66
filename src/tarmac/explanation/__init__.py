"""Flagged days that belong together, and their cause."""
