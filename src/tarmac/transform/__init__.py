"""Pure: silver, gold and the published rows, as frames in and frames out."""
