"""The tables: one module each, opened by its grain."""
