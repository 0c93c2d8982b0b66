"""A forest of isolation trees over one number per day.

Liu, Ting and Zhou, "Isolation Forest" (ICDM 2008): a tree splits a subsample at uniformly drawn points until each
value is isolated or the depth limit is reached; values isolated early are anomalous. With one feature a node is a
range of the sorted values, so a tree needs no search: sample and scored values share one sorted array.
"""

import math

import numpy as np

from tarmac.detect.kernels.compiled import compiled

_EULER = 0.5772156649015329


@compiled
def _next(state):
    """Advance splitmix64 (Steele, Lea and Flood 2014): one word of state, the same on every machine."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    word = state[0]
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@compiled
def _uniform(state):
    """Draw from [0, 1) with 53 random bits."""
    return (_next(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def mean_depth(size):
    """Return the mean depth of an unsuccessful search in a binary tree of `size` values (Liu et al., equation 1)."""
    if size <= 1:
        return 0.0
    if size == 2:
        return 1.0
    return 2.0 * (math.log(size - 1.0) + _EULER) - 2.0 * (size - 1.0) / size


@compiled
def _sample(order, size, state):
    """Move a random subsample without replacement to the front (Fisher and Yates)."""
    for k in range(size):
        pick = k + int(_uniform(state) * (order.size - k))
        order[k], order[pick] = order[pick], order[k]


@compiled
def _first_above(numbers, limit, low, high):
    """The first position in low … high of a sorted array with a number above the limit; high if there is none."""
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] > limit:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _grow(values, before, limit, state, depths):
    """Grow one tree and add each value's path length to `depths`.

    `values` are sorted; `before[k]` counts the subsample's members among the first k of them. A node is a range of
    `values`; the stack never has more than one waiting node per level.
    """
    stack = np.empty((limit + 2, 3), dtype=np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, values.size, 0
    top = 1
    while top > 0:
        top -= 1
        low, high, depth = stack[top, 0], stack[top, 1], stack[top, 2]
        if low == high:
            continue
        inside = before[high] - before[low]
        # The node's own extent is that of its members; scored values beyond it follow the nearest side.
        first = _first_above(before, before[low], low, high) - 1
        last = _first_above(before, before[high] - 1, low, high) - 1
        if inside <= 1 or depth == limit or values[first] == values[last]:
            length = depth + mean_depth(inside)
            for k in range(low, high):
                depths[k] += length
            continue
        cut = values[first] + _uniform(state) * (values[last] - values[first])
        # Values equal to the cut go left, as in scikit-learn.
        middle = min(_first_above(values, cut, low, high), last)
        stack[top, 0], stack[top, 1], stack[top, 2] = low, middle, depth + 1
        stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = middle, high, depth + 1
        top += 2


@compiled
def isolation_scores(values, trees, subsample, seed):
    """Score sorted values: 2^(−mean path length / mean depth), in 0–1, higher = more anomalous."""
    size = min(subsample, values.size)
    limit = math.ceil(math.log2(max(size, 2)))
    state, order = np.zeros(1, dtype=np.uint64), np.zeros(values.size, dtype=np.int64)
    state[0] = seed
    for k in range(values.size):
        order[k] = k
    depths = np.zeros(values.size)
    for _ in range(trees):
        _sample(order, size, state)
        before = np.zeros(values.size + 1, dtype=np.int64)
        for k in range(size):
            before[order[k] + 1] = 1
        for k in range(values.size):
            before[k + 1] += before[k]
        _grow(values, before, limit, state, depths)
    whole = trees * mean_depth(size)
    for k in range(values.size):
        depths[k] = 2.0 ** (-depths[k] / whole)
    return depths
