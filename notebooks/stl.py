"""STL: what is left of a day when season and weekday are taken away?"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="STL")

with app.setup:
    import marimo as mo
    import numpy as np
    import plotly.graph_objects as go
    import polars as pl
    from plotly.subplots import make_subplots
    from statsmodels.tsa.seasonal import STL

    from airport_days import load_airport_days
    from findings import compare, styled


@app.cell(hide_code=True)
def _():
    mo.md("""
    # STL: what is left without season and weekday?

    **Question.** A day's delay is a slow level, plus the habit of its weekday, plus a remainder. If we take the first two away,
    which remainders are too large to be ordinary?

    STL (seasonal and trend decomposition by loess) smooths them out in turn. Its robust form gives days with large remainders
    little weight, so that a disaster does not bend the level. This notebook uses the decomposition of statsmodels.

    The data are airport-days: one row per origin airport and local flight date. A day's value is its mean departure delay
    in minutes, over the flights that left; early departures are negative. Without further settings it is a simulated year,
    of which we know the truth. For a year of your own lake, set `TARMAC_LAKE` and `TARMAC_YEAR` before you start.
    """)
    return


@app.cell
def _():
    days = load_airport_days()
    mo.md(f"The airport-days: {days.source}.")
    return (days,)


@app.cell
def _(days):
    airport = mo.ui.dropdown(days.airports(), value=days.label_of_the_worst(), label="Airport", searchable=True)
    mo.vstack([airport, mo.md("It starts with the airport that had the largest share of a day's flights cancelled.")])
    return (airport,)


@app.cell
def _():
    cut = mo.ui.slider(3.0, 8.0, 0.5, value=5.0, label="Flag beyond [robust standard deviations]", show_value=True)
    cut
    return (cut,)


@app.cell
def _(airport, days):
    calendar = days.calendar_of(airport.value)
    measured = calendar["mean_dep_delay"].is_not_null().arg_true()
    span = calendar[measured[0] : measured[-1] + 1]
    # STL knows no missing days: they are filled on a straight line, and not scored.
    filled = span["mean_dep_delay"].interpolate().to_numpy()
    # Smoothers in days for the level, about a month, and in weeks for a weekday's habit, most of a year.
    parts = STL(filled, period=7, trend=29, seasonal=35, robust=True).fit()
    mo.md(f"{span['mean_dep_delay'].null_count()} days without a mean delay were filled; they are not scored.")
    return calendar, filled, parts, span


@app.cell
def _(airport, filled, parts, span):
    rows = (
        ("observed", filled),
        ("level", parts.trend),
        ("weekday", parts.seasonal),
        ("remainder", parts.resid),
    )
    parts_figure = make_subplots(rows=4, cols=1, shared_xaxes=True, vertical_spacing=0.04)
    for row, (name, values) in enumerate(rows, start=1):
        trace = go.Scatter(
            x=span["fl_date"], y=values, name=name, line={"color": "#455a64", "width": 1}, showlegend=False
        )
        parts_figure.add_trace(trace, row=row, col=1)
        parts_figure.update_yaxes(title=f"{name}<br>[minutes]", row=row, col=1)
    styled(
        parts_figure,
        f"{airport.value}: observed = level + weekday + remainder (each panel has its own scale)",
        height=620,
    )
    return (parts_figure,)


@app.cell
def _(cut, parts, span):
    known = span["mean_dep_delay"].is_not_null().to_numpy()
    # 1.4826 turns a normal distribution's median absolute deviation into its standard deviation.
    scale = 1.4826 * np.median(np.abs(parts.resid[known]))
    expected = np.asarray(parts.trend + parts.seasonal)
    scores = (
        span.select("fl_date", observed="mean_dep_delay")
        .with_columns(expected=expected, score=np.abs(parts.resid) / scale)
        .with_columns(
            lower=pl.col("expected") - cut.value * scale,
            upper=pl.col("expected") + cut.value * scale,
            score=pl.when(pl.col("observed").is_not_null()).then("score"),
        )
        .with_columns(flag=(pl.col("score") > cut.value).fill_null(value=False))
    )
    return scores, scale


@app.cell(hide_code=True)
def _(cut, parts, scale):
    level, weekday = np.ptp(parts.trend), np.ptp(parts.seasonal[:7])
    mo.md(f"""
    **Reading.** The level moves by {level:.1f} minutes through the year, and the first week's weekdays by {weekday:.1f}. An
    ordinary remainder is {scale:.1f} minutes (a robust standard deviation), so a day is flagged when it is more than
    {cut.value * scale:.1f} minutes from level and weekday together.
    """)
    return


@app.cell
def _(calendar, days, scores, airport):
    findings = compare(calendar, scores, days.truth_of(airport.value), airport=airport.value, method="STL")
    year_figure = findings.picture()
    year_figure
    return findings, year_figure


@app.cell
def _(findings):
    mo.vstack(
        [
            mo.md("The days that it passed over, most cancellations first:"),
            mo.ui.table(findings.missed_days(), selection=None, wrapped_columns=["why"]),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    **Limits.** Delays have a long tail upwards; one spread for both sides is narrow there, and ordinary bad days of a windy month
    become false alarms. The level looks ahead: it knows the weeks after a day as well as those before, which nobody does on the
    day itself. A level that stays high for weeks becomes the new level. Missing days have to be invented. And like every detector
    of means, STL does not see a cancelled flight.
    """)
    return


@app.cell(hide_code=True)
def _(findings):
    mo.md(findings.text())
    return


if __name__ == "__main__":
    app.run()
