"""The airports of a simulation: real US codes with coordinates, clocks and approximate sizes, the largest first."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Rough departures a day of the busiest airports, rounded by hand: only their order and proportions matter.
_HUBS = """
ATL 1050 ORD 900 DFW 770 DEN 660 CLT 620 LAX 580 PHX 460 IAH 450 SFO 450 LAS 430 DTW 410 MSP 400 SEA 390 MCO 380
EWR 370 BOS 370 LGA 360 DCA 340 JFK 330 PHL 310 SLC 300 BWI 280 MIA 250 SAN 240 MDW 230 FLL 230 TPA 200 DAL 200
BNA 200 PDX 190 STL 180 IAD 180 HOU 160 AUS 160 HNL 150 OAK 140 MCI 140 RDU 140 SJC 140 CLE 130 MSY 130 SMF 130
CVG 130 IND 120 PIT 110 SNA 110 CMH 110 SAT 105 RSW 80 JAX 80 ABQ 80 MKE 75 OGG 75 BUR 70 BDL 70 OMA 65 ONT 65
BUF 65 MEM 62 OKC 62 SJU 60 RIC 60 CHS 58 ANC 56 SDF 54 ORF 52 PBI 50 TUS 50 RNO 48 BOI 48 GRR 46 KOA 42 ELP 42
TUL 42 GEG 40 LIT 38 LIH 38 DSM 38 BHM 36 ROC 36 GSP 34 SYR 34 PVD 34 ALB 34 SAV 32 PWM 30 GSO 30 TYS 30 MSN 28
XNA 28 DAY 26 COS 26 LGB 25 ICT 25 PSP 24 FAT 24 MHT 22 LEX 22 CAE 20 SBN 18 CID 18 HSV 18 FSD 17 BTV 17 MAF 17
MYR 16 JAN 16 ITO 16 EUG 15 BZN 15 FAR 15 MDT 15 ECP 14 SRQ 14 VPS 14 AVL 14 PNS 14 LBB 14 TVC 13 ATW 13 MFE 13
"""
# Smaller ones with airline service, roughly in order.
_SMALL = """
CRW GPT MLB ILM DAB AGS EVV FWA LAN MBS TOL CHA TRI ROA MLI PIA BMI GRB AZO CHO FAY CAK ABE SWF BGR ITH ELM AVP BGM
SHV MLU LFT BTR AEX LRD CRP HRL BRO AMA ABI ACT CLL GGG SJT TYR SPS LAW FSM MOB MGM DHN CSG ABY VLD GNV TLH EYW PIE
SFB PGD BIS MOT GFK DLH RST LSE EAU CWA MQT RHI DBQ ALO SUX LNK GRI RAP CPR GCC RKS JAC COD BIL MSO GTF HLN BTM GPI
IDA PIH TWF SUN PSC YKM EAT BLI RDM MFR OTH ACV RDD MRY SBA SBP BFL SMX IPL YUM FLG PRC SGU CNY GJT ASE EGE HDN MTJ
DRO GUC ALS FMN ROW HOB FAI JNU KTN SIT BET OME OTZ BRW SCC ADQ CDV YAK WRG PSG ADK DLG AKN STT STX BQN PSE LAR SHR
ACK MVY HYA ORH ISP HPN ERI JST LBE SCE IPT CKB LWB PHF LYH OAJ EWN PGV FLO HHH BQK ECP
"""
_COMMERCIAL = re.compile(r"\b(International|Regional|County|Municipal|Airport)\b")
_RANKS = ("International", "Regional")
_MILITARY = re.compile(r"\b(Air Force|Army|Naval|Afb|AAF|Base|Field|Heliport|Seaplane|Station)\b", re.IGNORECASE)
_UTC_HOURS = {
    "America/New_York": -5.0, "America/Detroit": -5.0, "America/Chicago": -6.0, "America/Denver": -7.0,
    "America/Boise": -7.0, "America/Phoenix": -7.0, "America/Los_Angeles": -8.0, "America/Anchorage": -9.0,
    "America/Juneau": -9.0, "America/Nome": -9.0, "America/Adak": -10.0, "Pacific/Honolulu": -10.0,
    "America/Puerto_Rico": -4.0, "America/St_Thomas": -4.0,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Airports:
    """Airports in order of size: codes, degrees, minutes from UTC (winter), and departures a day before scaling."""

    codes: tuple[str, ...]
    latitude: Floats
    longitude: Floats
    utc_minutes: Ints
    size: Floats

    def miles_between(self, origin: Ints, dest: Ints) -> Floats:
        """Great-circle miles from each origin to the dest beside it; both index `codes`."""
        return great_circle_miles(
            self.latitude[origin], self.longitude[origin], self.latitude[dest], self.longitude[dest]
        )


@cache
def _register() -> dict[str, dict[str, Any]]:
    import airportsdata

    everywhere = airportsdata.load("IATA")
    return {code: dict(place) for code, place in everywhere.items() if place["country"] == "US"}


@cache
def known_codes() -> tuple[str, ...]:
    """Every US code that can be simulated, the largest airports first; the same order on every call."""
    register = _register()
    # A dictionary keeps the order and drops a code named twice; a code that the register has lost is left out.
    served = [code for code in dict.fromkeys((*_HUBS.split()[::2], *_SMALL.split())) if code in register]
    taken = set(served)
    rest = [
        code
        for code, place in register.items()
        if code not in taken
        and re.fullmatch(r"[A-Z]{3}", code)
        and place["icao"][-3:] == code
        and _COMMERCIAL.search(place["name"])
        and not _MILITARY.search(place["name"])
    ]
    return (*served, *sorted(rest, key=_rank))


def _rank(code: str) -> tuple[int, str]:
    name = _register()[code]["name"]
    kind = next((place for place, word in enumerate(_RANKS) if word in name), len(_RANKS))
    return kind, code[::-1]  # backwards: else the smallest airports would all begin with the same letters


def first_airports(count: int) -> Airports:
    """The `count` largest airports. Beyond the list of hubs sizes go on falling, to about two flights a week."""
    codes = known_codes()[:count]
    places = [_register()[code] for code in codes]
    hub_sizes = [float(size) for size in _HUBS.split()[1::2]]
    beyond = np.arange(1, max(count - len(hub_sizes), 0) + 1)
    tail = np.maximum(hub_sizes[-1] * np.exp(-beyond / 140 - (beyond / 190) ** 3), 0.3)
    longitude = np.array([place["lon"] for place in places])
    hours = [_UTC_HOURS.get(place["tz"], -6.0 if place["lon"] < -85.5 else -5.0) for place in places]
    return Airports(
        codes=codes,
        latitude=np.array([place["lat"] for place in places]),
        longitude=longitude,
        utc_minutes=(np.array(hours) * 60).astype(np.int64),
        size=np.concatenate([hub_sizes, tail])[:count],
    )


def great_circle_miles(latitude: Floats, longitude: Floats, to_latitude: Floats, to_longitude: Floats) -> Floats:
    """Miles between points in degrees (the haversine formula)."""
    phi, to_phi = np.radians(latitude), np.radians(to_latitude)
    half = np.sin((to_phi - phi) / 2) ** 2
    half = half + np.cos(phi) * np.cos(to_phi) * np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    miles: Floats = 2 * 3958.8 * np.arcsin(np.sqrt(half))
    return miles
