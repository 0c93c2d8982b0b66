"""ARIMA: how far is a day from what the days before it let one expect?"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="ARIMA")

with app.setup:
    import marimo as mo
    import numpy as np
    import plotly.graph_objects as go
    import polars as pl

    from airport_days import load_airport_days
    from findings import compare, scores_of, styled
    from tarmac.detect.detectors.arima import Arima, fit


@app.cell(hide_code=True)
def _():
    mo.md("""
    # ARIMA: what did yesterday let us expect?

    **Question.** A late week is seldom followed by a punctual day. If delays remember, a day should be measured against what the
    days before it announced. How far is it from that?

    An ARMA(p, q) model expects a day from the p values before and from the q surprises before. Tarmac fits all orders up to
    (4, 4) by exact maximum likelihood, keeps the one of least AIC, and takes days without a value as missing.

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
    scores = scores_of("arima", days.gold_of(airport.value))
    measured = calendar["mean_dep_delay"].is_not_null().arg_true()
    series = calendar["mean_dep_delay"][measured[0] : measured[-1] + 1].to_numpy()
    model = fit(series, np.zeros(series.size), Arima())
    p, q = model.order
    mo.md(f"The order of least AIC is **ARMA({p}, {q})**, around a mean of {model.mean:.1f} minutes.")
    return calendar, scores, series


@app.cell
def _():
    def autocorrelation(values: np.ndarray, most: int = 21) -> list[float]:
        """Correlation of days with those 1 … `most` days before, over the pairs that both have a value."""
        centred = values - np.nanmean(values)
        return [float(np.nanmean(centred[lag:] * centred[:-lag]) / np.nanvar(values)) for lag in range(1, most + 1)]

    return (autocorrelation,)


@app.cell
def _(airport, autocorrelation, calendar, scores, series):
    surprise = (
        calendar.join(scores, on="fl_date", how="left").select(pl.col("observed") - pl.col("expected")).to_series()
    )
    before, after = autocorrelation(series), autocorrelation(surprise.to_numpy())
    lags = list(range(1, len(before) + 1))
    memory = go.Figure(
        [
            go.Bar(x=lags, y=before, name="mean delays", marker={"color": "#b0bec5"}),
            go.Bar(x=lags, y=after, name="surprises: observed − expected", marker={"color": "#00796b"}),
        ]
    )
    memory.update_xaxes(title="days apart", dtick=7).update_yaxes(title="correlation [−1 to 1]")
    styled(memory, f"{airport.value}: how long delays remember, and what the model leaves of that")
    return after, before, memory


@app.cell(hide_code=True)
def _(after, before, scores):
    spread, left = scores["observed"].std(), (scores["observed"] - scores["expected"]).std()
    mo.md(f"""
    **Reading.** Neighbouring days correlate by {before[0]:.2f}, days a week apart by {before[6]:.2f}. Of the surprises it is
    {after[0]:.2f} and {after[6]:.2f}. The model's prediction misses by a standard deviation of {left:.1f} minutes; somebody who
    always says the mean misses by {spread:.1f}. That is how much, or how little, the past tells about a day here.

    The band below is the prediction of each day from those before it, with five robust standard deviations to each side. A day
    outside is flagged. The spread comes from the median surprise, so a disaster does not widen its own band.
    """)
    return


@app.cell
def _(calendar, days, scores, airport):
    findings = compare(calendar, scores, days.truth_of(airport.value), airport=airport.value, method="ARIMA")
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
    **Limits.** The past explains a small part of a day: storms do not announce themselves in yesterday's delays. A level that
    climbs over several days is followed after the first of them, and its later days look expected. Parameters are fitted to
    the whole year, so the score of a day in March depends slightly on December. And the model sees means alone: on a day
    of cancellations it sees the few flights that left, on a day with none it sees nothing.
    """)
    return


@app.cell(hide_code=True)
def _(findings):
    mo.md(findings.text())
    return


if __name__ == "__main__":
    app.run()
