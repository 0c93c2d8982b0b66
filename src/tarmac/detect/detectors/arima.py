"""ARIMA, airport by airport: how far a day is from its forecast by the days before."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import special

from tarmac.declare import POSITIVE, limited
from tarmac.detect.contract import Scores, nothing
from tarmac.detect.detectors.bands import NEXT_TO_NOTHING, NORMAL, RESOLUTION, Band, robust_spread
from tarmac.detect.detectors.by_airport import AirportByAirport, AirportDays
from tarmac.detect.detectors.residuals import bounded
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS
from tarmac.settings import ORDERS, Criterion


@dataclass(frozen=True, kw_only=True)
class Arima(Band, AirportByAirport):
    """The ARMA(p, q) with a mean and the best criterion of 0…max_p × 0…max_q, fitted by exact maximum likelihood.

    The model's d is 0, as in the reference pipeline's ARIMA(p, 0, q). Days without a value are missing values.
    `score` is the one-step innovation over its standard deviation, which is rescaled by the airport's median absolute
    innovation: one bad day neither widens its own interval nor hides the next. With few days the deviation is wider,
    because parameters and scale are uncertain (`Model.widening`). `expected` is the one-step prediction,
    `lower` … `upper` is `cut` standard deviations around it, and a score above `cut` is flagged. The parameters are
    fitted to all days, so a day's score depends on later days through them, although its prediction uses only earlier days.

    With `echo` None a prediction uses past values unchanged. Otherwise a value farther than `echo` robust standard
    deviations from its prediction is clipped there before it enters later predictions, so that a disaster does not affect
    the days after it; from the fourth such day in a row on one side it is not clipped, as that is a lasting change.

    With `flight_noise`, each day has additional noise, inversely proportional to its departed flights.
    """

    name: ClassVar[str] = "arima"

    max_p: int = limited(4, ORDERS)
    max_q: int = limited(4, ORDERS)
    criterion: Criterion = "aic"
    echo: float | None = limited(3.0, POSITIVE)
    flight_noise: bool = False

    def score_airport(self, airport: AirportDays) -> Scores:
        """Fit the airport's series, and score its one-step innovations."""
        noise = np.zeros(airport.value.size)
        if self.flight_noise:
            noise = _noise(airport.departed, airport.departed)
        model = model_of(airport.value, noise, self)
        innovation, deviation = innovations(airport.value, model, self.echo)
        deviation = deviation * model.widening(self.cut)
        expected, half = airport.value - innovation, self.cut * deviation
        score = np.abs(innovation) / deviation
        return Scores(expected=expected, lower=expected - half, upper=expected + half, score=score)

    def score_online(self, panel: Panel, *, workers: int = 1) -> Scores:
        """As `score`, with order, parameters and scale refitted each month, only on the days before it."""
        score, expected, width = nothing(panel), nothing(panel), nothing(panel)
        months = panel.dates.astype("datetime64[M]")
        starts = np.flatnonzero(np.r_[False, months[1:] != months[:-1]])
        ends = np.r_[starts[1:], len(months)]

        def one_airport(airport: int) -> None:
            for start, end in zip(starts, ends, strict=True):
                if end <= panel.first_scored:
                    continue
                days = np.flatnonzero(~np.isnan(panel.value[airport, :start]))
                seen = panel.value[airport, days]
                if days.size < FEWEST_DAYS or seen.min() == seen.max():
                    continue
                first, past = days[0], days[-1] + 1 - days[0]
                series = panel.value[airport, first:end]
                noise = _noise(panel.departed[airport, :start], panel.departed[airport, first:end])
                noise = noise if self.flight_noise else np.zeros(series.size)
                model = model_of(series[:past], noise[:past], self)
                weight = noise * (model.noise.max() / noise[:past].max()) if noise[:past].any() else noise
                innovation, deviation = innovations(series, replace(model, noise=weight), self.echo, past)
                deviation = deviation * model.widening(self.cut)
                month = slice(start, end)
                expected[airport, month] = (series - innovation)[start - first :]
                width[airport, month] = deviation[start - first :]
                score[airport, month] = np.abs(innovation / deviation)[start - first :]

        for_each_airport(one_airport, len(panel.origins), workers=workers)
        half = self.cut * width
        return Scores(expected=expected, lower=expected - half, upper=expected + half, score=score)


@dataclass(frozen=True, kw_only=True)
class Model:
    """One fitted ARMA: `phi` and `ma` = (1, θ …) of the state's length, the AR part's autocovariances, mean, σ².

    `seen`: number of days with a value in the fit; `floor`: the least standard deviation of a prediction, in the
    series' unit.
    """

    order: tuple[int, int]
    phi: FloatArray
    ma: FloatArray
    gamma: FloatArray
    mean: float
    variance: float
    noise: FloatArray
    log_likelihood: float
    seen: int
    floor: float = 0.0

    def widening(self, cut: float) -> float:
        """The factor by which an interval of `cut` standard deviations is wider because the model was fitted to few days.

        √((n + k) / (n − k)) is the effect of k fitted parameters on the error of a prediction (Akaike's final prediction
        error, 1969); and the interval covers the same share of a t distribution with n − k degrees of freedom as `cut`
        standard deviations of a normal one. With a year of days it is 2 % wider, with a month a third.
        """
        parameters = sum(self.order) + 2
        free = max(self.seen - parameters, 1)
        some = min(cut, LARGEST_CUT)
        like_t = -float(special.stdtrit(free, special.ndtr(-some))) / some
        return float(np.sqrt((self.seen + parameters) / free)) * like_t


LARGEST_CUT = 4.0
"""Tails are compared at no more than this many standard deviations: farther out, delays follow neither distribution."""

DAYS_PER_PARAMETER = 10
"""The least number of days per parameter: larger orders would fit single days."""

BOUND = 10.0
"""Values are clipped at ± this many robust spreads for the fit: among few days, one extreme day would dominate the mean."""

LARGEST_VARIANCE = 1e7
"""The largest stationary variance of a fit, in units of σ²; beyond it, rounding errors dominate the filter.

The first days' F is a difference of numbers of that size. The likelihood of a fit at the unit circle is arbitrary;
an order for which this happened is not used.
"""


def model_of(series: FloatArray, noise: FloatArray, parameters: Arima) -> Model:
    """The model for scoring a series: the best fit to its clipped values.

    If a fit leaves almost no residual, its likelihood has no maximum; the series is then fitted again with
    added noise of its resolution, the same in every run.
    """
    known = ~np.isnan(series)
    spread = robust_spread(series[known] - np.median(series[known]), series[known])
    floor = RESOLUTION * spread
    to_fit = series.copy()
    to_fit[known] = bounded(series[known], BOUND)
    model = fit(to_fit, noise, parameters)
    if model.variance >= floor**2 and innovations(to_fit, model, None)[1][known].min() >= floor:
        return replace(model, floor=floor)
    dither = np.random.default_rng(0).normal(scale=floor, size=series.size)
    return replace(fit(to_fit + dither, noise, parameters), floor=floor)


def fit(series: FloatArray, noise: FloatArray, parameters: Arima) -> Model:
    """The best order's exact maximum likelihood fit. `series` neither begins nor ends with NaN."""
    from tarmac.detect.detectors.arima_orders import fit_orders
    from tarmac.detect.kernels.arima_parameters import coefficients_of
    from tarmac.detect.kernels.arima_search import likelihood_at, series_for
    from tarmac.detect.kernels.lanes import in_lanes

    # Sums of squares lose digits far from zero; the model is invariant to location and scale.
    centre = float(np.nanmedian(series))
    spread = float(np.nanstd(series))
    scaled = (series - centre) / spread
    noisy = bool(noise.any())
    likelihoods, found = fit_orders(scaled, noise, parameters.max_p, parameters.max_q)
    seen = int((~np.isnan(series)).sum())
    while True:
        p, q = choose(likelihoods, seen, parameters.criterion, extra=int(noisy))
        x = found[p, q]
        phi, ma, gamma = (each[:, 0].copy() for each in coefficients_of(in_lanes(x), p, q))
        if gamma[0] <= LARGEST_VARIANCE:
            break
        likelihoods[p, q] = -np.inf
    _, mean, variance, _ = likelihood_at(x, p, q, series_for(scaled, noise, p, q))
    return Model(
        order=(p, q),
        phi=phi,
        ma=ma,
        gamma=gamma,
        mean=centre + spread * mean,
        variance=spread * spread * variance,
        noise=np.exp(x[-1]) * noise if noisy else noise,
        log_likelihood=float(likelihoods[p, q]) - seen * float(np.log(spread)),
        seen=seen,
    )


def choose(likelihoods: FloatArray, seen: int, criterion: Criterion, *, extra: int = 0) -> tuple[int, int]:
    """The order with the smallest criterion; among ties the one with fewest parameters, then the smaller p."""
    best, order = np.inf, (0, 0)
    grid = [(p, q) for p in range(likelihoods.shape[0]) for q in range(likelihoods.shape[1])]
    for p, q in sorted(grid, key=lambda pq: (sum(pq), pq)):
        count = p + q + 2 + extra
        if seen < DAYS_PER_PARAMETER * count and (p, q) != (0, 0):
            continue
        penalty = {
            "aic": 2.0 * count,
            "aicc": 2.0 * count * seen / (seen - count - 1),
            "bic": count * float(np.log(seen)),
        }[criterion]
        value = penalty - 2.0 * float(likelihoods[p, q])
        if value < best:
            best, order = value, (p, q)
    return order


def innovations(
    series: FloatArray, model: Model, echo: float | None, past: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """One-step innovations and their standard deviations; the innovation is NaN where the value is missing.

    A day's own noise has the robust scale of the first `past` days' innovations, or of all; the uncertainty of the
    state, at the start and after missing days, has the model's σ if that is larger.
    """
    from tarmac.detect.kernels.arima_filter import filter_robustly

    z = series - model.mean
    sigma = float(np.sqrt(model.variance))
    innovation, factor = filter_robustly(z, model.noise, model.phi, model.ma, model.gamma, np.inf, 0.0)
    scale = _robust_scale((innovation / np.sqrt(factor))[:past], model)
    if echo is not None:
        innovation, factor = filter_robustly(
            z, model.noise, model.phi, model.ma, model.gamma, echo * scale, echo * max(scale, sigma)
        )
        scale = _robust_scale((innovation / np.sqrt(factor))[:past], model)
    return innovation, np.sqrt(scale**2 + max(scale, sigma) ** 2 * np.maximum(factor - 1.0, 0.0))


def _robust_scale(standardised: FloatArray, model: Model) -> float:
    """1.4826 × the median absolute innovation; the model's own σ if more than half are zero; at least its floor."""
    scale = NORMAL * float(np.nanmedian(np.abs(standardised)))
    sigma = float(np.sqrt(model.variance))
    return max(scale if scale > NEXT_TO_NOTHING * sigma else sigma, model.floor)


def _noise(known: FloatArray, departed: FloatArray) -> FloatArray:
    """The sampling noise of daily means, relative to the typical one of the `known` days; 0 on days without departures."""
    usual = float(np.median(known[known > 0])) if (known > 0).any() else 1.0
    return np.where(departed > 0, usual / np.maximum(departed, 1.0), 0.0)
