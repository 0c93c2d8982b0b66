"""Names of US carriers by the code that they report under; in brackets the former name or carrier of a code."""

AIRLINES: dict[str, str] = {
    "9E": "Endeavor (Pinnacle)",
    "AA": "American",
    "AQ": "Aloha",
    "AS": "Alaska",
    "B6": "JetBlue",
    "CO": "Continental",
    "DH": "Independence",
    "DL": "Delta",
    "EA": "Eastern",
    "EV": "ExpressJet (Atlantic Southeast)",
    "F9": "Frontier",
    "FL": "AirTran",
    "G4": "Allegiant",
    "HA": "Hawaiian",
    "HP": "America West",
    "MQ": "Envoy (American Eagle)",
    "NK": "Spirit",
    "NW": "Northwest",
    "OH": "PSA (Comair)",
    "OO": "SkyWest",
    "PA": "Pan Am",
    "TW": "TWA",
    "TZ": "ATA",
    "UA": "United",
    "US": "US Airways",
    "VX": "Virgin America",
    "WN": "Southwest",
    "XE": "ExpressJet",
    "YV": "Mesa",
    "YX": "Republic (Midwest)",
}


OTHER_NAMES: dict[str, str] = {
    "Pan American World": "PA",
    "Trans World": "TW",
    "American Trans Air": "TZ",
    "USAir": "US",
}
"""Further names under which these carriers appear in files of flights."""


def name_of(carrier: str) -> str:
    """The carrier's name, or its code where the name is not known."""
    return AIRLINES.get(carrier, carrier)
