"""One row per warehouse table and year: the fingerprint of the last load."""

from tarmac.tables.schema import Column, Table

LOADS = Table(
    name="load_fingerprints",
    grain="One row per warehouse table and year of flights, about the last load.",
    key=("table_name", "year"),
    columns=(
        Column(name="table_name", kind="text", nullable=False, description="The table that was loaded."),
        Column(name="year", kind="integer", nullable=False, description="The year of flights."),
        Column(
            name="given", kind="text", nullable=False, description="SHA-256 of the rows that were given to the load."
        ),
        Column(
            name="stored",
            kind="text",
            nullable=False,
            description="Number and sum of hashes of the year's rows after the load; another sum: they were edited.",
        ),
    ),
)
