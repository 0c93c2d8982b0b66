"""One row per source line that cannot be right, with the reason and the line as it was."""

from tarmac.tables.schema import Column, Table

QUARANTINE = Table(
    name="quarantine",
    grain="One row per source line that was set aside.",
    key=("source_file", "source_line"),
    columns=(
        Column(name="source_file", kind="text", nullable=False, description="Name of the bronze file."),
        Column(
            name="source_line",
            kind="bigint",
            nullable=False,
            description="Line number in the uncompressed file; the header is line 1.",
        ),
        Column(
            name="reason", kind="text", nullable=False, description="Why the row cannot be right: see bad-input.md."
        ),
        Column(name="row", kind="text", nullable=False, description="The line as it was, cut after 65,536 bytes."),
    ),
)
