"""The tables, one module each; each docstring begins with the table's grain."""
