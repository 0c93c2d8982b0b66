"""The record of a run, its judgements, and the alerts about it."""
