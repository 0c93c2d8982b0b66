"""One row per invalid source line, with the reason and the original line."""

from tarmac.tables.schema import Column, Table

QUARANTINE = Table(
    name="quarantine",
    grain="One row per source line that was removed as invalid or duplicate.",
    key=("source_file", "source_line"),
    columns=(
        Column(name="source_file", kind="text", nullable=False, description="Name of the bronze file."),
        Column(
            name="source_line",
            kind="bigint",
            nullable=False,
            description="Line number in the uncompressed file; the header is line 1.",
        ),
        Column(name="reason", kind="text", nullable=False, description="Why the row was removed: see bad-input.md."),
        Column(name="row", kind="text", nullable=False, description="The original line, cut after 65,536 bytes."),
    ),
)
