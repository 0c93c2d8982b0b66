"""Descriptive statistics: what is an ordinary day, and how far from it is far?"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Descriptive statistics")

with app.setup:
    import marimo as mo
    import plotly.graph_objects as go
    import polars as pl

    from airport_days import load_airport_days
    from findings import compare, scores_of, styled


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Descriptive statistics: what is an ordinary day?

    **Question.** Before any model: how late does this airport leave on an ordinary day, and by how much do ordinary days differ?
    Who can answer that can say which days are not ordinary.

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
def _(airport, days):
    calendar = days.calendar_of(airport.value)
    delay = calendar["mean_dep_delay"].drop_nulls()
    median = delay.median()
    # 1.4826 turns a normal distribution's median absolute deviation into its standard deviation.
    robust_spread = 1.4826 * (delay - median).abs().median()
    statistics = [
        ("days with a mean delay", delay.len(), "days"),
        ("mean", delay.mean(), "minutes"),
        ("median", median, "minutes"),
        ("standard deviation", delay.std(), "minutes"),
        ("spread by the median", robust_spread, "minutes"),
        ("5 % of days are below", delay.quantile(0.05), "minutes"),
        ("95 % of days are below", delay.quantile(0.95), "minutes"),
        ("largest", delay.max(), "minutes"),
        ("cancelled in the year", 100 * calendar["cancelled"].sum() / calendar["flights"].sum(), "% of flights"),
    ]
    table = [
        {"statistic": name, "value": f"{value:,.1f}".removesuffix(".0"), "unit": unit}
        for name, value, unit in statistics
    ]
    mo.ui.table(table, selection=None)
    return calendar, delay, median, robust_spread


@app.cell
def _(airport, delay, median):
    histogram = go.Figure(go.Histogram(x=delay, xbins={"size": 2}, marker={"color": "#455a64"}, name="days"))
    histogram.add_vline(
        x=median,
        line={"color": "#00796b"},
        annotation={"text": "median ", "font": {"color": "#00796b"}, "xanchor": "right"},
    )
    histogram.add_vline(
        x=delay.mean(),
        line={"color": "#e08a00", "dash": "dash"},
        annotation={"text": " mean", "font": {"color": "#e08a00"}, "xanchor": "left"},
    )
    histogram.update_xaxes(title="mean departure delay of the day [minutes]").update_yaxes(title="days")
    styled(histogram, f"{airport.value}: the days of the year by their mean delay")
    return (histogram,)


@app.cell(hide_code=True)
def _(delay, median, robust_spread):
    mo.md(f"""
    **Reading.** The mean lies {abs(delay.mean() - median):.1f} minutes {"above" if delay.mean() > median else "below"}
    the median, and the standard deviation ({delay.std():.1f} minutes) is {delay.std() / robust_spread:.1f} times the spread
    by the median ({robust_spread:.1f} minutes). Where that factor is well above 1, a few terrible days do it: they stretch
    the yardstick by which they are measured. The median and its spread are the better ruler.
    """)
    return


@app.cell
def _(airport, calendar):
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    weekdays = go.Figure(
        [
            go.Box(
                y=calendar.filter(pl.col("fl_date").dt.weekday() == number)["mean_dep_delay"].drop_nulls(),
                name=name,
                marker={"color": "#455a64", "size": 4},
                showlegend=False,
            )
            for number, name in enumerate(names, start=1)
        ]
    )
    weekdays.update_yaxes(title="mean departure delay [minutes]")
    styled(weekdays, f"{airport.value}: the days by weekday")
    return (weekdays,)


@app.cell(hide_code=True)
def _(calendar):
    by_weekday = calendar.group_by(pl.col("fl_date").dt.weekday()).agg(
        pl.col("mean_dep_delay").median().alias("middle"),
        (pl.col("mean_dep_delay").quantile(0.75) - pl.col("mean_dep_delay").quantile(0.25)).alias("width"),
    )
    middles = by_weekday["middle"].drop_nulls()
    mo.md(f"""
    **Reading.** From the quietest weekday to the latest the median rises by {middles.max() - middles.min():.1f} minutes.
    Within one weekday the middle half of its days is {by_weekday["width"].median():.1f} minutes wide. What a
    weekday explains is the first figure; what it leaves open is the second.

    **Rolling bands.** The level moves through the year, so we let the ruler move too. Tarmac's detector `rolling_band` takes
    the mean and standard deviation of the 28 days before, and flags a day that lies more than four standard deviations
    away. It sees only the past, as one does on the day itself.
    """)
    return


@app.cell
def _(airport, days):
    scores = scores_of("rolling_band", days.gold_of(airport.value))
    return (scores,)


@app.cell
def _(calendar, days, scores, airport):
    findings = compare(calendar, scores, days.truth_of(airport.value), airport=airport.value, method="the rolling band")
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
    **Limits.** A band knows one number a day. A day with most flights cancelled may have an ordinary mean: those that could not
    leave were not late. One terrible day widens the band for the 28 days after it, and hides the next. The first 14 days are
    not scored. And a mean of two flights is scored as if it were one of two hundred.
    """)
    return


@app.cell(hide_code=True)
def _(findings):
    mo.md(findings.text())
    return


if __name__ == "__main__":
    app.run()
