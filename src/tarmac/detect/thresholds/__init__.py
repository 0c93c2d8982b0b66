"""From scores to flags, and in which direction a flagged day departs from what was expected."""
