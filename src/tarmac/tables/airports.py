"""One row per airport of departure that was ever loaded: its name and coordinates."""

from tarmac.tables.schema import Column, Table

AIRPORTS = Table(
    name="airports",
    grain="One row per origin airport of the days that were ever loaded.",
    key=("origin",),
    columns=(
        Column(name="origin", kind="text", nullable=False, description="IATA code of the airport."),
        Column(name="name", kind="text", description="Its name; null where airportsdata does not know the code."),
        Column(name="city", kind="text", description="The city it serves."),
        Column(name="state", kind="text", description="State or territory, in full."),
        Column(name="latitude", kind="double", unit="degrees", description="North is positive."),
        Column(name="longitude", kind="double", unit="degrees", description="East is positive."),
    ),
)
