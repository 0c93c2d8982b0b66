"""Pure transforms: silver, gold and the published rows, from frames to frames."""
