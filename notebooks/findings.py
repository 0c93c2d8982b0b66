"""What every notebook ends in: the days that a method found and missed, counted, drawn and explained."""

from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from tarmac.detect import DetectParameters, detect

FEW = 10
"""So many days of the largest cancellation shares are looked for."""

FOUND, MISSED, FALSE, LINE, BAND = "#00796b", "#c2185b", "#e08a00", "#455a64", "rgba(69, 90, 100, 0.16)"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """One method on one airport and year. `days`: one row per day of the year, as `compare` makes it."""

    airport: str
    method: str
    days: pl.DataFrame
    truth_known: bool

    @property
    def flagged(self) -> int:
        """Days that the method calls abnormal."""
        return self._count(pl.col("flag"))

    @property
    def true(self) -> int:
        """Truly abnormal days."""
        return self._count(pl.col("kind").is_not_null())

    @property
    def found(self) -> int:
        """Truly abnormal days that were flagged."""
        return self._count(pl.col("kind").is_not_null() & pl.col("flag"))

    @property
    def most_cancelled(self) -> int:
        """Days of the largest cancellation shares: ten, or fewer where fewer had a cancellation."""
        return self._count(pl.col("most_cancelled"))

    @property
    def most_cancelled_found(self) -> int:
        """Those of them that were flagged."""
        return self._count(pl.col("most_cancelled") & pl.col("flag"))

    def _count(self, condition: pl.Expr) -> int:
        return self.days.filter(condition).height

    def text(self) -> str:
        """The counts as a paragraph of markdown."""
        parts = [f"**{self.airport}: what {self.method} finds and misses.** It flagged {_days(self.flagged)}."]
        if self.truth_known:
            parts.append(
                f"The simulation made {_days(self.true)} truly abnormal: **{self.found} found**, "
                f"**{self.true - self.found} missed**, and {self.flagged - self.found} false alarms."
            )
            parts.append(self._by_kind())
        if self.most_cancelled:
            share = self.days.filter("most_cancelled")["cancelled_share"]
            missed = self.most_cancelled - self.most_cancelled_found
            parts.append(
                f"Of the {_days(self.most_cancelled)} with the largest shares of flights cancelled "
                f"({share.min():.0%} to {share.max():.0%}), it flagged {self.most_cancelled_found} "
                f"and passed over {missed}."
            )
        else:
            parts.append("No flight was cancelled here.")
        return " ".join(part for part in parts if part)

    def _by_kind(self) -> str:
        kinds = self.days.drop_nulls("kind").group_by("kind").agg(pl.col("flag").sum(), pl.len()).sort("kind")
        told = ", ".join(f"{kind} {found} of {count}" for kind, found, count in kinds.iter_rows())
        return f"By kind: {told}." if told else ""

    def missed_days(self) -> pl.DataFrame:
        """The days that it passed over, worst cancellations first, each with the reason that its numbers show."""
        no_mean, cancelled = pl.col("observed").is_null(), pl.col("cancelled_share") >= 0.25
        why = (
            pl.when(no_mean & (pl.col("flights") > 0))
            .then(pl.lit("every flight was cancelled: there is no mean delay"))
            .when(pl.col("score").is_null())
            .then(pl.lit("the method could not score it: too few days"))
            .when(cancelled)
            .then(pl.lit("many were cancelled, and those that left were not late enough"))
            .when(pl.col("departed") < 5)
            .then(pl.lit("the mean is within bounds; it rests on fewer than five flights"))
            .otherwise(pl.lit("the mean delay is within bounds"))
        )
        missed = (pl.col("kind").is_not_null() | pl.col("most_cancelled")) & ~pl.col("flag")
        return (
            self.days.filter(missed)
            .sort(["cancelled_share", "fl_date"], descending=[True, False])
            .select(
                pl.col("fl_date").alias("date"),
                pl.col("kind").fill_null("none" if self.truth_known else "not known").alias("true kind"),
                why.alias("why"),
                pl.col("flights").alias("scheduled flights"),
                (100 * pl.col("cancelled_share")).round(0).alias("cancelled [%]"),
                pl.col("observed").round(1).alias("mean delay [minutes]"),
                pl.col("expected").round(1).alias("expected [minutes]"),
            )
        )

    def picture(self) -> go.Figure:
        """The year: mean delays with the method's bounds above, cancellation shares below, and the marks on both."""
        figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.05)
        for trace in (*_bounds(self.days), _line(self.days)):
            figure.add_trace(trace, row=1, col=1)
        for trace in self._marks():
            figure.add_trace(trace, row=1, col=1)
        shares = go.Bar(
            x=self.days["fl_date"],
            y=100 * self.days["cancelled_share"],
            marker={"color": LINE, "line": {"width": 0}},
            name="cancelled",
            showlegend=False,
            hovertemplate="%{x|%a %d %b}: %{y:.0f} % cancelled<extra></extra>",
        )
        figure.add_trace(shares, row=2, col=1)
        figure.update_yaxes(title="mean departure delay<br>[minutes]", row=1, col=1)
        figure.update_yaxes(title="cancelled<br>[% of flights]", rangemode="tozero", row=2, col=1)
        return styled(figure, f"{self.airport}: the days that {self.method} finds and misses", height=560)

    def _marks(self) -> list[go.Scatter]:
        known, flag = pl.col("kind").is_not_null(), pl.col("flag")
        quiet = pl.col("most_cancelled") & ~flag
        if self.truth_known:
            chosen = (
                ("found", known & flag, "circle", FOUND),
                ("false alarm", ~known & flag, "x", FALSE),
                ("missed", known & ~flag, "diamond-open", MISSED),
                ("not abnormal, but many cancelled", quiet & ~known, "square-open", LINE),
            )
        else:
            chosen = (
                ("flagged", flag, "circle", FOUND),
                ("many cancelled, not flagged", quiet, "diamond-open", MISSED),
            )
        marks = ((name, self.days.filter(which), symbol, colour) for name, which, symbol, colour in chosen)
        return [_mark(name, days, symbol, colour) for name, days, symbol, colour in marks if not days.is_empty()]


def scores_of(detector: str, gold: pl.DataFrame, **parameters: float) -> pl.DataFrame:
    """One airport's days as Tarmac's detector of that name scores them; raises where the detector fails."""
    year = gold["fl_date"].dt.year()[0]
    detection = detect(gold, DetectParameters(detectors=(detector,), **parameters), year=year)
    for reason in detection.failures.values():
        raise RuntimeError(f"detector {detector!r} failed: {reason}")
    return detection.anomalies


def compare(
    calendar: pl.DataFrame, scores: pl.DataFrame, truth: pl.DataFrame | None, *, airport: str, method: str
) -> Findings:
    """Join scores (fl_date, observed, expected, lower, upper, score, flag) beside truth and cancellations.

    `calendar` has one row per day of the year. A day that was not scored has a null score and no flag.
    """
    flags = scores.select("fl_date", "observed", "expected", "lower", "upper", "score", "flag")
    kinds = calendar.select("fl_date").clear().with_columns(kind=pl.lit(None, pl.String)) if truth is None else truth
    worst = (
        calendar.filter(pl.col("cancelled") > 0)
        .sort(["cancelled_share", "flights", "fl_date"], descending=[True, True, False])
        .head(FEW)["fl_date"]
    )
    days = (
        calendar.join(flags, on="fl_date", how="left")
        .join(kinds, on="fl_date", how="left")
        .with_columns(pl.col("flag").fill_null(value=False), most_cancelled=pl.col("fl_date").is_in(worst.implode()))
        .sort("fl_date")
    )
    return Findings(airport=airport, method=method, days=days, truth_known=truth is not None)


def styled(figure: go.Figure, title: str, *, height: int = 400) -> go.Figure:
    """The figure in the notebooks' common style."""
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 16}},
        template="plotly_white",
        height=height,
        margin={"l": 70, "r": 20, "t": 50, "b": 95},
        # Of the container: of the plot's own height, a distance would differ from figure to figure.
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        bargap=0.05,
    )
    return figure


def _bounds(days: pl.DataFrame) -> list[go.Scatter]:
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    lower = go.Scatter(x=days["fl_date"], y=days["lower"], showlegend=False, name="lower bound", **edge)
    upper = go.Scatter(
        x=days["fl_date"], y=days["upper"], fill="tonexty", fillcolor=BAND, name="within the method's bounds", **edge
    )
    return [lower, upper]


def _line(days: pl.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=days["fl_date"],
        y=days["observed"],
        mode="lines+markers",
        line={"color": LINE, "width": 1},
        marker={"size": 3},
        name="mean delay of the day",
        hovertemplate="%{x|%a %d %b}: %{y:.1f} minutes<extra></extra>",
    )


def _mark(name: str, days: pl.DataFrame, symbol: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=days["fl_date"],
        # A day without a mean stands at zero: it has to stand somewhere.
        y=days["observed"].fill_null(0.0),
        mode="markers",
        marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
        name=f"{name} ({days.height})",
        customdata=days.select(
            pl.col("kind").fill_null("no kind known"), 100 * pl.col("cancelled_share"), "flights"
        ).rows(),
        hovertemplate="%{x|%a %d %b}: %{y:.1f} minutes, %{customdata[1]:.0f} % of %{customdata[2]} flights cancelled "
        "(%{customdata[0]})<extra></extra>",
    )


def _days(count: int) -> str:
    return f"{count:,} day" if count == 1 else f"{count:,} days"
