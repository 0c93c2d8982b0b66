"""Storage of the lake's files, and their atomic publication."""
