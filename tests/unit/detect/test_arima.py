"""Our exact ARMA likelihood against finite differences and against statsmodels."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tarmac.detect.detectors.arima import Arima, Model, choose, fit, innovations, model_of
from tarmac.detect.detectors.arima_orders import fit_orders
from tarmac.detect.kernels.arima_parameters import coefficients_of
from tarmac.detect.kernels.arima_search import likelihood_at, series_for
from tarmac.detect.kernels.lanes import in_lanes
from tests.support.statsmodels_fits import LARGEST, likelihood, recorded, recorded_series, series_of

LOG_2PI_E = 1.0 + np.log(2.0 * np.pi)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize(("p", "q"), [(1, 0), (0, 1), (2, 1), (1, 3), (4, 4), (0, 4), (4, 0), (2, 6)])
def test_the_gradient_is_that_of_the_likelihood_as_computed(p: int, q: int, noisy: bool, missing: float) -> None:
    """The filter's adjoint against central differences, missing days and noisy days included."""
    y = series_of(p + 7 * q, missing=missing)
    noise = np.random.default_rng(1).random(y.size) if noisy else np.zeros(y.size)
    x = 0.7 * np.random.default_rng(2).normal(size=p + q + noisy)
    series = series_for(y, noise, p, q)
    *_, gradient = likelihood_at(x, p, q, series)
    for k, step in enumerate(1e-5 * np.eye(x.size)):
        high, low = (likelihood_at(x + side * step, p, q, series)[0] for side in (1.0, -1.0))
        assert gradient[k] == pytest.approx((high - low) / 2e-5, abs=1e-7)


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize(("p", "q"), [(1, 0), (0, 2), (2, 2), (4, 1), (4, 4)])
def test_likelihood_and_innovations_are_statsmodels_own_at_equal_parameters(p: int, q: int, missing: float) -> None:
    """The same to 1e-6, steady state and missing days included."""
    y = series_of(3, 200, missing=missing)
    x = 0.6 * np.random.default_rng(p + q).normal(size=p + q)
    value, mean, variance, _ = likelihood_at(x, p, q, series_for(y, np.zeros(y.size), p, q))
    phi, ma, gamma = (each[:, 0] for each in coefficients_of(in_lanes(x), p, q))
    theirs = SARIMAX(y - mean, order=(p, 0, q), concentrate_scale=True)
    theirs.ssm.tolerance = 0.0  # its own steady-state shortcut is the coarser one
    smoothed = theirs.filter(np.r_[phi[:p], ma[1 : q + 1]])
    seen = (~np.isnan(y)).sum()
    assert -seen * (value + 0.5 * LOG_2PI_E) == pytest.approx(smoothed.llf, abs=1e-6)
    assert variance == pytest.approx(smoothed.scale, rel=1e-6)
    model = Model(
        order=(p, q),
        phi=phi,
        ma=ma,
        gamma=gamma,
        mean=mean,
        variance=variance,
        noise=np.zeros(y.size),
        log_likelihood=0,
        seen=int(seen),
    )
    ours, _ = innovations(y, model, echo=None)
    known = ~np.isnan(y)
    assert np.abs(ours[known] - smoothed.forecasts_error[0][known]).max() < 1e-6


def test_no_order_s_aic_is_worse_than_statsmodels() -> None:
    """A few orders, fitted here; five hundred are in the record."""
    for seed in range(2):
        y = series_of(seed, missing=0.1 * seed)
        ours, _ = fit_orders(y, np.zeros(y.size), 2, 2)
        theirs = np.array([[likelihood(y, p, q) for q in range(3)] for p in range(3)])
        assert (2.0 * (theirs - ours)).max() < 0.01


def test_of_five_hundred_fits_at_most_two_are_worse_than_statsmodels() -> None:
    """AIC never worse by more than 0.01 on 99.5 % of 500 fits, 25 orders each of 20 series."""
    worse = []
    for seed, theirs in recorded().items():
        y = recorded_series(seed)
        ours, _ = fit_orders(y, np.zeros(y.size), LARGEST, LARGEST)
        worse.append(2.0 * (theirs - ours))
    assert np.size(worse) == 500
    assert (np.array(worse) > 0.01).mean() <= 0.005


@pytest.mark.parametrize(("seed", "p", "q"), [(0, 1, 0), (7, 0, 1), (18, 1, 1)])
def test_the_record_holds_what_statsmodels_finds(seed: int, p: int, q: int) -> None:
    """The same series, the same fit; small orders, whose optimum every version of it finds."""
    assert recorded()[seed][p, q] == pytest.approx(likelihood(recorded_series(seed), p, q), abs=0.01)


def test_a_larger_order_is_never_worse_than_a_smaller_one_inside_it() -> None:
    """Each search starts from its neighbours' optima, too."""
    likelihoods, _ = fit_orders(series_of(1), np.zeros(120), 3, 3)
    assert (np.diff(likelihoods, axis=0) > -1e-3).all()
    assert (np.diff(likelihoods, axis=1) > -1e-3).all()


def test_criteria_punish_parameters_in_their_order() -> None:
    """BIC takes no larger model than AICc, and AICc none larger than AIC."""
    likelihoods, _ = fit_orders(series_of(5), np.zeros(120), 3, 3)
    sizes = [sum(choose(likelihoods, 120, criterion)) for criterion in ("bic", "aicc", "aic")]
    assert sizes == sorted(sizes)


def test_the_model_knows_neither_place_nor_scale() -> None:
    """Minutes or hours, from any origin: the same order and the same standardised innovations."""
    y = series_of(2)
    parameters = Arima(max_p=2, max_q=2)
    plain, moved = fit(y, np.zeros(120), parameters), fit(1e4 + 60.0 * y, np.zeros(120), parameters)
    assert plain.order == moved.order
    (left, left_scale), (right, right_scale) = innovations(y, plain, 3.0), innovations(1e4 + 60.0 * y, moved, 3.0)
    assert np.allclose(left / left_scale, right / right_scale, atol=1e-6)


def test_an_outlier_neither_widens_its_own_interval_nor_casts_an_echo() -> None:
    """The day after a disaster is expected to be an ordinary one."""
    y = 10.0 + np.random.default_rng(0).normal(size=200)
    struck = y.copy()
    struck[100] += 50.0
    parameters = Arima(max_p=1, max_q=0)
    innovation, deviation = innovations(struck, fit(struck, np.zeros(200), parameters), 3.0)
    assert innovation[100] / deviation[100] > 30.0
    assert abs(struck[101] - innovation[101] - 10.0) < 1.0


def test_a_fit_on_the_unit_circle_is_not_taken() -> None:
    """Its first days' variances are rounding, and so is its likelihood: here the one that AIC would choose."""
    days, random = np.arange(365), np.random.default_rng(85)
    series = 8 + 6 * np.sin(2 * np.pi * days / 365) + random.normal(0, 3, days.size)
    series[random.integers(0, days.size, 4)] += 60
    model = fit(series, np.zeros(days.size), Arima())
    assert model.gamma[0] < 1e10
    innovation, deviation = innovations(series, model, 3.0)
    assert np.isfinite(innovation).all()
    assert (deviation > 0).all()


def test_ten_years_of_one_airport_work_in_one_call() -> None:
    """3650 days."""
    y = series_of(4, 3650)
    model = fit(y, np.zeros(3650), Arima(max_p=1, max_q=1))
    assert np.isfinite(model.log_likelihood)


def test_the_noise_of_thin_days_is_found_where_there_is_some() -> None:
    """With flight_noise the thin day's interval is wider."""
    rng = np.random.default_rng(3)
    departed = np.where(np.arange(300) % 2 == 0, 4.0, 400.0)
    y = rng.normal(size=300) * np.sqrt(0.2 + 20.0 / departed)
    model = fit(y, 20.0 / departed, Arima(max_p=1, max_q=1, flight_noise=True))
    _, deviation = innovations(y, model, 3.0)
    assert deviation[0] > 2.0 * deviation[1]


def flagged(y: np.ndarray, parameters: Arima) -> np.ndarray:
    """The days that ARIMA flags in a series, as `Arima.score` does."""
    model = model_of(y, np.zeros(y.size), parameters)
    innovation, deviation = innovations(y, model, parameters.echo)
    return np.flatnonzero(np.abs(innovation) > parameters.cut * model.widening(parameters.cut) * deviation)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("days", [14, 15, 31, 50, 365])
def test_an_exactly_periodic_series_has_small_intervals_and_no_flags(days: int) -> None:
    """Its likelihood has no maximum: orders on the unit circle would leave a variance of rounding alone."""
    for period in (2, 3, 7):
        y = 5.0 + np.arange(days) % period
        model = model_of(y, np.zeros(days), Arima())
        innovation, deviation = innovations(y, model, 3.0)
        assert np.isfinite(innovation).all()
        assert 0.0 < deviation.min() <= deviation.max() < 3.0 * period
        assert not flagged(y, Arima()).size


@pytest.mark.filterwarnings("error")
def test_a_slip_in_an_alternating_series_is_flagged_and_nothing_after_it() -> None:
    """5, 6, 5, 6, and once 6 where 5 was due."""
    y = 5.0 + np.arange(200) % 2
    y[100] = 6.0
    assert flagged(y, Arima(max_p=2, max_q=2)).tolist() == [100]


def test_a_lasting_change_flags_its_first_days_and_no_day_of_the_months_before() -> None:
    """In hindsight the mean lies between the two levels, where no day was."""
    for seed in range(3):
        noise = 3.0 * np.random.default_rng(seed).normal(size=365)
        quiet = np.arange(365) < 250
        days = flagged(np.where(quiet, 5.0, 60.0) + noise, Arima(max_p=2, max_q=2))
        assert days[0] == 250
        assert days.size <= 6


def test_few_days_make_a_wide_interval_and_a_small_order() -> None:
    """A month fits no eight coefficients, and says little of the scale."""
    y = series_of(9, 365)
    short, long = (model_of(y[:days], np.zeros(days), Arima()) for days in (31, 365))
    assert sum(short.order) <= 1
    assert short.widening(5.0) > 1.15
    assert long.widening(5.0) < 1.05


def test_the_first_weeks_of_a_year_scored_online_have_no_false_alarms() -> None:
    """Ordinary autocorrelated days; the model knows one month of them."""
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(15):
        y = np.convolve(rng.normal(size=80), 0.5 ** np.arange(12))[:59]
        model = model_of(y[:31], np.zeros(31), Arima())
        innovation, deviation = innovations(y, replace(model, noise=np.zeros(59)), 3.0, 31)
        alarms += int((np.abs(innovation) > 5.0 * model.widening(5.0) * deviation)[31:].sum())
    assert alarms == 0
