"""BTS's monthly files "Reporting Carrier On-Time Performance (1987-present)": 109 columns and a trailing comma, or some of them.

BTS renamed some columns in 2018; both names are known. Source: transtats.bts.gov, table "On-Time".
"""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

SHAPE = Shape(
    name="bts",
    title="BTS monthly archive, reporting carriers",
    where="transtats.bts.gov/PREZIP: On_Time_Reporting_Carrier_On_Time_Performance_1987_present_YEAR_MONTH.zip",
    lacks="causes before June 2003",
    marks=[mark("FlightDate", "Origin")],
    without=mark("Marketing_Airline_Network", "Operating_Airline", "DepTime_label"),
    columns=ALIASES | {"OP_CARRIER": ("IATA_CODE_Reporting_Airline", "Carrier", "Reporting_Airline", "UniqueCarrier")},
    unused=mark("UniqueCarrier", "Reporting_Airline", "Carrier"),
    rank=1,
    monthly=True,
    clean=True,
)
