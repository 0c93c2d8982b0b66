"""The sources of flights: one module each says which header it writes and how its columns map to the bronze table."""
