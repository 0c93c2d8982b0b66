"""Isolation Forest: which days are easily set apart from the others?"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Isolation Forest")

with app.setup:
    import marimo as mo
    import plotly.graph_objects as go
    import polars as pl

    from airport_days import load_airport_days
    from findings import compare, scores_of, styled


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Isolation Forest: which days stand alone?

    **Question.** Cut the range of delays at random, again and again, until a day is alone. An ordinary day lies in a crowd and
    needs many cuts; a strange one needs few. Which days need the fewest?

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
    fraction = mo.ui.slider(0.5, 5.0, 0.5, value=1.0, label="Share of days to flag [% of days]", show_value=True)
    fraction
    return (fraction,)


@app.cell
def _(airport, days, fraction):
    calendar = days.calendar_of(airport.value)
    scores = scores_of("isolation_forest", days.gold_of(airport.value), outliers_fraction=fraction.value / 100)
    return calendar, scores


@app.cell
def _(airport, scores):
    scored = scores.drop_nulls("score").sort("observed")
    flagged = scored.filter("flag")
    score_figure = go.Figure(
        [
            go.Scatter(
                x=scored["observed"],
                y=scored["score"],
                mode="lines+markers",
                marker={"size": 4},
                name="day",
                line={"color": "#455a64", "width": 1},
            ),
            go.Scatter(
                x=flagged["observed"],
                y=flagged["score"],
                mode="markers",
                name=f"flagged ({flagged.height})",
                marker={"size": 10, "color": "#00796b"},
            ),
        ]
    )
    score_figure.update_xaxes(title="mean departure delay of the day [minutes]")
    score_figure.update_yaxes(title="score [0 to 1, higher is stranger]")
    styled(score_figure, f"{airport.value}: low in the crowd, high at both ends")
    return flagged, score_figure, scored


@app.cell(hide_code=True)
def _(flagged, scored):
    low = flagged.filter(pl.col("observed") < pl.col("expected")).height
    mo.md(f"""
    **Reading.** The score is lowest around {scored.sort("score")["observed"].head(20).median():.1f} minutes, where most days
    are, and rises to both sides: the forest calls an unusually early day strange as well. Of the {flagged.height} flagged
    days {low} lie below the median and {flagged.height - low} above. No model of delays was needed for that, and no unit:
    only crowding counts.
    """)
    return


@app.cell
def _(calendar, days, scores, airport):
    findings = compare(calendar, scores, days.truth_of(airport.value), airport=airport.value, method="Isolation Forest")
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
    **Limits.** The share of days to flag is given, not found: a calm year gets as many flags as a bad one. Move the slider to see
    what it costs. The forest here sees a day's mean alone. It forgets the order of days, so a delay that is usual in July and
    strange in October is one and the same to it. Cancellations do not enter the mean; days of many cancellations in a crowd of
    ordinary means stay hidden.
    """)
    return


@app.cell(hide_code=True)
def _(findings):
    mo.md(findings.text())
    return


if __name__ == "__main__":
    app.run()
