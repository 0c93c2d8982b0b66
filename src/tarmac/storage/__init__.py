"""Where the lake's files are, and how one is published whole."""
