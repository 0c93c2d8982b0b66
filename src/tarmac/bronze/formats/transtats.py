"""BTS TranStats' download with chosen fields, of reporting or of marketing carriers: any subset of columns."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

_WHEN = (mark("FL_DATE"), mark("DAY_OF_MONTH"))
_WHERE = (mark("ORIGIN"), mark("ORIGIN_AIRPORT_ID"))
_DELAY = (mark("DEP_DELAY"), mark("DEP_DELAY_NEW"), mark("CRS_DEP_TIME", "DEP_TIME"))

SHAPE = Shape(
    name="transtats",
    title="BTS TranStats, chosen fields (T_ONTIME…)",
    where='transtats.bts.gov, "Download" with "Prezipped File" off',
    lacks="what was not chosen",
    marks=[when | where | delay for when in _WHEN for where in _WHERE for delay in _DELAY],
    columns=ALIASES,
    rank=9,
    monthly=True,
)
