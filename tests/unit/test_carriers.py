"""Carriers by name, as some public files give them."""

import polars as pl
import pytest

from tarmac.bronze.carriers import to_code

CARRIERS = {
    "AA": "AA",
    "American Airlines Inc.": "AA",
    "AMERICAN AIRLINES": "AA",
    "American Eagle Airlines Inc.": "MQ",
    "Envoy Air": "MQ",
    "Delta Air Lines Inc": "DL",
    "delta airlines": "DL",
    "Southwest Airlines Co.: WN": "WN",
    "Southwest Airlines Co.": "WN",
    "United Air Lines Inc.": "UA",
    "Endeavor Air": "9E",
    "Pinnacle Airlines Inc.": "9E",
    "ExpressJet Airlines LLC d/b/a aha!": "EV",
    "US Airways Inc. (Merged with America West 9/05.)": "US",
    "Republic Airline": "YX",
    "PSA Airlines Inc.": "OH",
    "Comair Inc.": "OH",
    "Trans World Airways LLC": "TW",
    "Spirit Air Lines": "NK",
    "Allegiant Air": "G4",
    "JetBlue Airways": "B6",
    "Hawaiian Airlines Inc.": "HA",
    "Airlines": "Airlines",
    "Somebody's Flying Club": "Somebody's Flying Club",
}


@pytest.mark.parametrize("given", CARRIERS)
def test_a_known_carriers_name_becomes_its_code(given: str) -> None:
    """Whatever its case and legal form; codes and unknown names stay."""
    frame = pl.DataFrame({"carrier": [given, None]})
    assert frame.select(to_code(pl.col("carrier"))).to_series().to_list() == [CARRIERS[given], None]
