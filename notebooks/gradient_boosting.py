"""Gradient boosting: what can be predicted from the calendar and past days?"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Gradient boosting")

with app.setup:
    import marimo as mo
    import numpy as np
    import plotly.graph_objects as go
    import polars as pl
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold
    from threadpoolctl import threadpool_limits

    from airport_days import load_airport_days
    from findings import compare, styled


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Gradient boosting: what could have been expected?

    **Question.** Give a learner all that is known before a day begins: the days before, the weekday, the season, the number of
    scheduled flights. How well does it predict the day, and which days surprise even the learner?

    Gradient boosting adds many small decision trees, each of which corrects the error of those before it. It learns the
    median, so that single disasters have little influence. No day is predicted by a model that was trained on it: the year
    is cut into five blocks, and each block is predicted from the other four. This notebook uses the trees of scikit-learn.

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
    past = pl.col("mean_dep_delay").shift(1)
    features = calendar.select(
        past.alias("delay yesterday"),
        pl.col("mean_dep_delay").shift(7).alias("delay a week ago"),
        past.rolling_median(7, min_samples=3).alias("median of 7 days before"),
        past.rolling_median(28, min_samples=7).alias("median of 28 days before"),
        pl.col("fl_date").dt.weekday().alias("weekday"),
        pl.col("fl_date").dt.ordinal_day().alias("day of the year"),
        pl.col("flights").alias("scheduled flights"),
    )
    known = calendar["mean_dep_delay"].is_not_null().to_numpy()
    x, y = features.to_numpy().astype(float)[known], calendar["mean_dep_delay"].to_numpy()[known]
    return calendar, features, known, x, y


@app.cell
def _(x, y):
    predicted, by_median, importances = np.zeros(y.size), np.zeros(y.size), []
    # Three hundred days are too few to share among cores: waiting for each other takes them longer than the work.
    with threadpool_limits(1):
        for others, block in KFold(5).split(x):
            trees = HistGradientBoostingRegressor(
                loss="absolute_error",
                max_iter=80,
                learning_rate=0.06,
                max_leaf_nodes=8,
                min_samples_leaf=10,
                random_state=0,
            ).fit(x[others], y[others])
            predicted[block], by_median[block] = trees.predict(x[block]), np.median(y[others])
            shuffled = permutation_importance(
                trees, x[block], y[block], scoring="neg_mean_absolute_error", n_repeats=5, random_state=0
            )
            importances.append(shuffled.importances_mean)
    return by_median, importances, predicted


@app.cell
def _(airport, features, importances):
    ranked = pl.DataFrame({"feature": features.columns, "minutes": np.mean(importances, axis=0)}).sort("minutes")
    importance_figure = go.Figure(
        go.Bar(x=ranked["minutes"], y=ranked["feature"], orientation="h", marker={"color": "#455a64"})
    )
    importance_figure.update_xaxes(title="added to the mean error when the feature is shuffled [minutes]")
    importance_figure.update_yaxes(automargin=True)
    styled(importance_figure, f"{airport.value}: what the prediction rests on")
    return importance_figure, ranked


@app.cell(hide_code=True)
def _(by_median, predicted, ranked, y):
    learned, plain = np.abs(y - predicted).mean(), np.abs(y - by_median).mean()
    mo.md(f"""
    **Reading.** On days that it has not seen the learner misses by {learned:.1f} minutes on average; somebody who always says the
    median of the other days misses by {plain:.1f}. So all that is known beforehand
    {f"takes away {1 - learned / plain:.0%} of the error" if learned < plain else "does not help here"}. It rests most on
    "{ranked["feature"][-1]}" (shuffled, it costs {ranked["minutes"][-1]:.2f} minutes). A feature at or below zero
    is of no use.
    """)
    return


@app.cell
def _(calendar, cut, known, predicted, y):
    # 1.4826 turns a normal distribution's median absolute deviation into its standard deviation.
    scale = 1.4826 * np.median(np.abs(y - predicted))
    scores = (
        calendar.filter(known)
        .select("fl_date", observed="mean_dep_delay")
        .with_columns(expected=predicted)
        .with_columns(
            lower=pl.col("expected") - cut.value * scale,
            upper=pl.col("expected") + cut.value * scale,
            score=(pl.col("observed") - pl.col("expected")).abs() / scale,
        )
        .with_columns(flag=pl.col("score") > cut.value)
    )
    mo.md(
        f"An ordinary error is {scale:.1f} minutes (a robust standard deviation). "
        f"A day is flagged when it is more than {cut.value * scale:.1f} minutes from its prediction."
    )
    return (scores,)


@app.cell
def _(calendar, days, scores, airport):
    findings = compare(
        calendar, scores, days.truth_of(airport.value), airport=airport.value, method="gradient boosting"
    )
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
    **Limits.** A year of one airport is little to learn from: a few hundred days. The other blocks hold days that come
    later, so this is a look back, not a forecast. A disaster enters the features of the days after it. One spread serves
    quiet and busy seasons, large and small days alike. And what the learner predicts is the mean of the flights that left:
    it is as blind to cancellations as the simpler methods are.
    """)
    return


@app.cell(hide_code=True)
def _(findings):
    mo.md(findings.text())
    return


if __name__ == "__main__":
    app.run()
