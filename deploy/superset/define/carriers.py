"""The page of carriers: which of them lost flights, when and why; one carrier's days, and the disruptions that hit it."""

from define.charts import HIGH, Chart, column, metric, number, ranking, table
from define.datasets import CARRIER_DAYS, CARRIER_LOSSES, ONE_CARRIER
from define.layout import Dashboard, Filter, Slot, Text
from define.pages import LINKS
from define.panels import (
    CANCELLED_SHARE,
    COLOURS,
    FLAGGED_DAYS,
    LOST_FLIGHTS,
    LOST_MEANING,
    LOST_SHARE,
    cancellations_of_one,
    delays_of_one,
    heat_map,
    one_in_numbers,
)
from define.texts import CAUSE_NAMES, DELAY_AS_FLIGHTS
from tarmac.detect.severity import CUTS


def _figures() -> list[Chart]:
    return [
        number(
            "Carriers", "Carriers", CARRIER_DAYS, metric("Carriers", "COUNT(DISTINCT op_carrier)"), under="with flights"
        ),
        number(
            "Flagged carrier-days",
            "Flagged days",
            CARRIER_DAYS,
            FLAGGED_DAYS,
            under="of one carrier each, by the detector",
        ),
        number(
            "Flights lost by carriers",
            "Flights lost",
            CARRIER_DAYS,
            LOST_FLIGHTS,
            under="on all days",
            description=LOST_MEANING,
        ),
        number(
            "Cancelled by carriers",
            "Cancelled",
            CARRIER_DAYS,
            CANCELLED_SHARE,
            under="of all scheduled flights",
            form=".1%",
        ),
    ]


def _rankings() -> tuple[Chart, Chart]:
    return (
        ranking(
            "Carriers that lost most flights",
            "Who: ten carriers that lost most flights",
            CARRIER_DAYS,
            LOST_FLIGHTS,
            by="carrier",
            form=",.0f",
            colour=HIGH,
            description=f"{LOST_MEANING} A click on a carrier shows the page for it alone.",
        ),
        ranking(
            "Carriers that lost the largest share",
            "Who: ten carriers that lost the largest share of their flights",
            CARRIER_DAYS,
            LOST_SHARE,
            by="carrier",
            form=".1%",
            colour=HIGH,
            description="A large carrier loses many flights because it has many: this is the share of its own schedule.",
        ),
    )


def _compared() -> Chart:
    codes = {
        f"Code {cause}": f"SUM(cancelled_{key})::float / NULLIF(SUM(cancelled), 0)"
        for key, cause in CAUSE_NAMES.items()
    }
    return table(
        "Carriers compared",
        "All carriers, and the causes that they gave for what they cancelled",
        CARRIER_DAYS,
        {
            "query_mode": "aggregate",
            "groupby": ["carrier_link", "carrier_name"],
            "metrics": [
                metric("Flights", "SUM(flights)"),
                FLAGGED_DAYS,
                metric("Worst severity", "MAX(severity)"),
                LOST_FLIGHTS,
                LOST_SHARE,
                metric("Mean delay", "AVG(mean_dep_delay)"),
                CANCELLED_SHARE,
                *(metric(label, sql) for label, sql in codes.items()),
            ],
            "timeseries_limit_metric": LOST_FLIGHTS,
            "allow_render_html": True,
            "row_limit": 200,
            "column_config": {
                "carrier_link": column("Carrier"),
                "carrier_name": column("Name"),
                "Flights": column("Flights", ",d"),
                "Flagged days": column("Flagged days", ",d"),
                "Worst severity": column("Worst severity", ",d"),
                "Flights lost": column("Flights lost", ",.0f"),
                "Share lost": column("Share lost", ".1%"),
                "Mean delay": column("Mean delay (min)", ",.1f"),
                "Cancelled": column("Cancelled", ".1%"),
                **{f"Code {cause}": column(f"For {cause.lower()}", ".0%") for cause in CAUSE_NAMES.values()},
            },
        },
        description="A carrier's code opens this page for that carrier alone.",
    )


def _calendar() -> Chart:
    return heat_map(
        "Calendar of carriers",
        "When: the worst severity of each week, by carrier",
        CARRIER_DAYS,
        metric("Severity", "MAX(severity)"),
        rows="carrier",
        description=f"0: an ordinary week; 5: on one of its days the carrier lost {CUTS[4]:.0%} of its flights or more.",
        params={"value_bounds": [0, 5]},
    )


def _carrier() -> Chart:
    return one_in_numbers(
        "The carrier shown",
        "The carrier shown below: the chosen one, else the one that lost most flights",
        ONE_CARRIER,
        {"carrier": "Carrier", "carrier_name": "Name"},
    )


def _worst_days() -> Chart:
    return table(
        "Worst carrier-days",
        "The worst days, by flights lost",
        CARRIER_DAYS,
        {
            "query_mode": "raw",
            "all_columns": [
                "carrier_link",
                "carrier_name",
                "fl_date",
                "severity",
                "lost_flights",
                "flights",
                "cancelled_share",
                "mean_dep_delay",
                "cause_shown",
            ],
            "order_by_cols": ['["lost_flights", false]', '["op_carrier", true]', '["fl_date", true]'],
            "allow_render_html": True,
            "row_limit": 1000,
            "column_config": {
                "carrier_link": column("Carrier"),
                "carrier_name": column("Name"),
                "fl_date": column("Day"),
                "severity": column("Severity (0-5)", ",d"),
                "lost_flights": column("Flights lost", ",.0f"),
                "flights": column("Flights", ",d"),
                "cancelled_share": column("Cancelled", ".0%"),
                "mean_dep_delay": column("Mean delay (min)", ",.0f"),
                "cause_shown": column("Main cause reported"),
            },
        },
        where=("severity > 0",),
        description=LOST_MEANING,
    )


def _disruptions() -> Chart:
    lost = f"excess_cancelled + excess_delay_minutes / {DELAY_AS_FLIGHTS}"
    return table(
        "Disruptions by what carriers lost",
        "Disruptions in which a carrier had a tenth of the loss or more",
        CARRIER_LOSSES,
        {
            "query_mode": "aggregate",
            "groupby": ["disruption_link", "carrier_name", "summary", "cause_shown", "severity"],
            "metrics": [
                metric("Its flights", "SUM(flights)"),
                metric("Its flights lost", f"SUM({lost})"),
                metric("Its share of the loss", "SUM(share_of_excess)"),
                metric("Its share of the flights", "SUM(share_of_flights)"),
            ],
            "timeseries_limit_metric": metric("Its flights lost", f"SUM({lost})"),
            "allow_render_html": True,
            "row_limit": 1000,
            "column_config": {
                "disruption_link": column("Dates", columnWidth=105),
                "carrier_name": column("Carrier"),
                "summary": column("What happened"),
                "cause_shown": column("Cause"),
                "severity": column("Severity (1-5)", ",d"),
                "Its flights": column("Its flights", ",d"),
                "Its flights lost": column("Of these lost", ",.0f"),
                "Its share of the loss": column("Share of the loss", ".0%"),
                "Its share of the flights": column("Share of the flights", ".0%"),
            },
        },
        where=("share_of_excess >= 0.1",),
        description="Whoever's they are. A carrier was hit harder than others where its share of the loss exceeds its share "
        "of the flights.",
    )


def carriers() -> Dashboard:
    """The whole page."""
    most, share = _rankings()
    return Dashboard(
        name="Carriers",
        title="Carriers",
        slug="carriers",
        description="Which carriers lost flights, on which days, and why.",
        rows=(
            (Text(markdown=LINKS, height=6),),
            tuple(Slot(chart=chart, width=3, height=20) for chart in _figures()),
            (Slot(chart=most, width=6, height=42), Slot(chart=share, width=6, height=42)),
            (Slot(chart=_compared(), width=12, height=50),),
            (Slot(chart=_calendar(), width=12, height=50),),
            (Slot(chart=_disruptions(), width=12, height=50),),
            (Slot(chart=_worst_days(), width=12, height=40),),
            (Slot(chart=_carrier(), width=12, height=17),),
            (Slot(chart=delays_of_one("One carrier's delays", ONE_CARRIER), width=12, height=42),),
            (Slot(chart=cancellations_of_one("One carrier's cancellations", ONE_CARRIER), width=12, height=36),),
        ),
        filters=(
            Filter(
                key="carrier",
                title="Carrier",
                column="carrier",
                dataset=CARRIER_DAYS,
                description="Carriers, by the code that they report under.",
            ),
            Filter(
                key="cause",
                title="Cause",
                column="cause_shown",
                dataset=CARRIER_DAYS,
                description="The cause to which the records put down most of what the day lost.",
            ),
            Filter(
                key="year",
                title="Year",
                column="year",
                dataset=CARRIER_DAYS,
                description="Years of flights.",
                descending=True,
            ),
        ),
        colours=COLOURS,
    )
