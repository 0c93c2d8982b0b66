"""BTS's monthly files of marketing carriers, from 2018 on; a row with Duplicate = Y repeats the flight of another row."""

from tarmac.bronze.formats.shape import ALIASES, MARKETING_CARRIER, OPERATING_CARRIER, Shape, mark

SHAPE = Shape(
    name="bts_marketing",
    title="BTS monthly archive, marketing carriers (from 2018)",
    where="transtats.bts.gov/PREZIP: On_Time_Marketing_Carrier_On_Time_Performance_Beginning_January_2018_YEAR_MONTH.zip",
    marks=[mark("FlightDate", "Marketing_Airline_Network"), mark("FlightDate", "Operating_Airline")],
    columns=ALIASES | OPERATING_CARRIER,
    unused=mark(
        *MARKETING_CARRIER,
        "Originally_Scheduled_Code_Share_Airline",
        "DOT_ID_Originally_Scheduled_Code_Share_Airline",
        "IATA_Code_Originally_Scheduled_Code_Share_Airline",
        "Flight_Num_Originally_Scheduled_Code_Share_Airline",
    ),
    rank=4,
    monthly=True,
)
