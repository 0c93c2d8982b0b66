"""From scores to figures: one result per detector and corpus, one line per detector and family of corpora. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.evaluate.corpora import Corpus
from tarmac.evaluate.metrics import (
    Curve,
    agreement,
    agreement_of_events,
    average_precision,
    budget_flags,
    precision_at,
    precision_recall,
)
from tarmac.evaluate.volume import mean_volume_under_pr

BUDGET = 0.01
"""The alert budget at which detectors are compared: that share of all counted days is flagged."""

FIRST = 100
"""Precision is given among so many highest scores, or among as many as there are labels where these are fewer."""

MANY_FLIGHTS = 10
"""Days with this many flights or more are reported apart: there, a mean is worth its name."""


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The figures of one detector on one corpus, shares in 0–1, NaN where there is nothing to measure."""

    average_precision: float
    average_precision_many_flights: float
    vus_pr: float
    event_f1_at_budget: float
    precision_among_first: float
    f1: float
    precision: float
    recall: float
    flagged_share: float
    seconds: float
    peak_megabytes: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of scoring: wall-clock seconds, and the peak resident memory of a process that did nothing else.

    Python and its libraries are in it: about 100 MB before any detector starts.
    """

    seconds: float
    megabytes: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """One detector on one corpus."""

    detector: str
    corpus: str
    family: str
    split: str
    days: int
    labels: int
    metrics: Metrics
    curve: Curve


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A detector that could not score a corpus, and why."""

    detector: str
    corpus: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One detector over a family of corpora: the means of its metrics."""

    detector: str
    family: str
    corpora: int
    metrics: Metrics


def result_of(detector: str, corpus: Corpus, panel: Panel, score: FloatArray, flags: BoolArray, cost: Cost) -> Result:
    """Measure scores and flags (airports × days) against the corpus's labels."""
    label = cells(panel, corpus.labels)
    counted = panel.flights > 0
    counted[:, : panel.first_scored] = False
    label &= counted
    many = counted & (panel.flights >= MANY_FLIGHTS)
    own, truth = agreement(flags[counted], label[counted]), label[counted]
    metrics = Metrics(
        average_precision=average_precision(score[counted], truth),
        average_precision_many_flights=average_precision(score[many], label[many]),
        vus_pr=mean_volume_under_pr(score, label, counted),
        event_f1_at_budget=agreement_of_events(budget_flags(score, counted, BUDGET), label).f1,
        precision_among_first=precision_at(score[counted], truth, min(FIRST, int(truth.sum()))),
        f1=own.f1,
        precision=own.precision,
        recall=own.recall,
        flagged_share=float(flags[counted].mean()) if counted.any() else float("nan"),
        seconds=cost.seconds,
        peak_megabytes=cost.megabytes,
    )
    return Result(
        detector=detector,
        corpus=corpus.name,
        family=corpus.family,
        split=corpus.split,
        days=int(counted.sum()),
        labels=int(truth.sum()),
        metrics=metrics,
        curve=precision_recall(score[counted], truth),
    )


def cells(panel: Panel, days: pl.DataFrame) -> BoolArray:
    """Which airports × days of the panel are named by `origin` and `fl_date`; what lies outside is left out."""
    named = np.zeros(panel.shape, dtype=np.bool_)
    place = pl.DataFrame(
        {"origin": panel.origins, "place": range(len(panel.origins))}, schema_overrides={"origin": pl.String}
    )
    known = days.join(place, on="origin", how="inner")
    day = (known["fl_date"].to_numpy().astype("datetime64[D]") - panel.dates[0]).astype(np.int64)
    inside = (day >= 0) & (day < panel.shape[1])
    named[known["place"].to_numpy()[inside], day[inside]] = True
    return named


def leaderboard(results: Sequence[Result]) -> list[Line]:
    """The means over each family's corpora, family by family, the best average precision first."""
    families = list(dict.fromkeys(result.family for result in results))
    lines = [
        _line(detector, family, [r for r in results if r.family == family and r.detector == detector])
        for family in families
        for detector in dict.fromkeys(r.detector for r in results if r.family == family)
    ]
    return sorted(lines, key=lambda line: (families.index(line.family), -np.nan_to_num(line.metrics.average_precision)))


def _line(detector: str, family: str, results: Sequence[Result]) -> Line:
    def mean(name: str) -> float:
        known = [value for r in results if not np.isnan(value := getattr(r.metrics, name))]
        return float(np.mean(known)) if known else float("nan")

    means = Metrics(**{field.name: mean(field.name) for field in fields(Metrics)})
    return Line(detector=detector, family=family, corpora=len(results), metrics=means)
