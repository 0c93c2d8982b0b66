"""Which airports move together, and what an airport's companions show on a day; compiled, in a fixed order of sums."""

import numpy as np

from tarmac.detect.kernels.compiled import compiled


@compiled
def companion_scores(airport, z, score, fewest, least, prior, result):
    """Fill result (days) with the mean score of the airport's companions, by weight of their squared correlation.

    `z` (airports × days, 0 where missing) is what correlation is taken from, over `fewest` common days or more, and
    counts where it is at least `least`. `score` is NaN where missing. `prior` is the weight of an imagined companion
    that always shows 0: one distant companion proves little.
    """
    airports, days = z.shape
    top, bottom = np.zeros(days), np.full(days, prior)
    own = z[airport]
    for other in range(airports):
        if other == airport:
            continue
        common, both, left, right = 0, 0.0, 0.0, 0.0
        for t in range(days):
            if own[t] != 0.0 and z[other, t] != 0.0:
                common += 1
                both += own[t] * z[other, t]
                left += own[t] * own[t]
                right += z[other, t] * z[other, t]
        if common < fewest:
            continue
        correlation = both / np.sqrt(left * right)
        if correlation < least:
            continue
        for t in range(days):
            if not np.isnan(score[other, t]):
                top[t] += correlation * correlation * score[other, t]
                bottom[t] += correlation * correlation
    for t in range(days):
        result[t] = top[t] / bottom[t]
