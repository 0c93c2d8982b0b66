"""Spectral residual: a day is anomalous if it differs from what a smoothed spectrum explains."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.ndimage import uniform_filter1d

from tarmac.detect.contract import Scores
from tarmac.detect.detectors.by_airport import AirportByAirport, AirportDays, ShareOfEach
from tarmac.detect.detectors.residuals import interpolated
from tarmac.detect.panel import FloatArray

SMOOTHED, AROUND = 3, 21
"""The paper's windows: number of frequencies over which the log spectrum is averaged, and of days for the saliency."""

TAIL = 5
"""The paper's number of estimated days at the end, so that the last real one is not at the series' edge."""


@dataclass(frozen=True, kw_only=True)
class SpectralResidual(AirportByAirport, ShareOfEach):
    """The saliency map's excess over its average around the day; each airport's highest scores are flagged.

    The log amplitude spectrum minus its moving average, with the phase kept, is transformed back into days: regular
    patterns vanish and deviations from them remain, in either direction. There is no expectation and no interval. Missing
    days are interpolated for the transform and never scored. The average is over the days on both sides, as the whole year
    is known; the paper, for a stream, uses those before. Source: Ren et al., Time-Series Anomaly Detection Service at
    Microsoft, KDD (2019), after Hou and Zhang, Saliency Detection: A Spectral Residual Approach, CVPR (2007).
    """

    name: ClassVar[str] = "spectral_residual"

    def score_airport(self, airport: AirportDays) -> Scores:
        """Transform the airport's series."""
        return airport.scores(score=airport.on_days(_excess(interpolated(airport.value))[airport.days]))


def _excess(series: FloatArray) -> FloatArray:
    """(saliency − its average around the day) / that average."""
    level = np.median(series)
    unit = np.std(series)
    scaled = (series - level) / unit
    # The paper's next value is the last one, extrapolated by the mean of the slopes to it.
    slope = np.mean((scaled[-1] - scaled[-1 - TAIL : -1]) / np.arange(TAIL, 0, -1))
    tail = np.full(TAIL, scaled[-1 - TAIL] + slope * TAIL)
    spectrum = np.fft.fft(np.concatenate([scaled, tail]))
    amplitude = np.maximum(np.abs(spectrum), 1e-8)
    residual = np.log(amplitude) - uniform_filter1d(np.log(amplitude), SMOOTHED, mode="wrap")
    saliency = np.abs(np.fft.ifft(np.exp(residual) * spectrum / amplitude))[: series.size]
    usual = uniform_filter1d(saliency, min(AROUND, series.size), mode="nearest")
    return np.asarray((saliency - usual) / np.maximum(usual, 1e-8))
