"""From scores to flags, and whether a flagged day is above or below what was expected."""
