"""BTS's monthly files of marketing carriers, from 2018 on; a row with Duplicate = Y stands for another one's flight."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

SHAPE = Shape(
    name="bts_marketing",
    title="BTS monthly archive, marketing carriers (from 2018)",
    where="transtats.bts.gov/PREZIP: On_Time_Marketing_Carrier_On_Time_Performance_Beginning_January_2018_YEAR_MONTH.zip",
    marks=[mark("FlightDate", "Marketing_Airline_Network"), mark("FlightDate", "Operating_Airline")],
    columns=ALIASES
    | {
        "OP_CARRIER": ("IATA_Code_Operating_Airline", "Operating_Airline"),
        "OP_CARRIER_FL_NUM": ("Flight_Number_Operating_Airline",),
        "DUPLICATE": ("Duplicate",),
    },
    unused=mark(
        "Marketing_Airline_Network",
        "Operated_or_Branded_Code_Share_Partners",
        "DOT_ID_Marketing_Airline",
        "IATA_Code_Marketing_Airline",
        "Flight_Number_Marketing_Airline",
        "Originally_Scheduled_Code_Share_Airline",
        "DOT_ID_Originally_Scheduled_Code_Share_Airline",
        "IATA_Code_Originally_Scheduled_Code_Share_Airline",
        "Flight_Num_Originally_Scheduled_Code_Share_Airline",
        "Operating_Airline",
        "DOT_ID_Operating_Airline",
    ),
    rank=4,
    monthly=True,
)
