"""The public shapes of file, one module each."""
