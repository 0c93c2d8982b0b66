"""Which carriers' stories are the consequence of what happened at their hub."""

from collections.abc import Sequence

import numpy as np

from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.explanation.causes import CAUSE_WORDS, Usual, name_cause
from tarmac.explanation.expected import Expected
from tarmac.explanation.routes import Indices, Routes
from tarmac.explanation.stories import Story, entries_of

DAYS_AFTER = 2
"""Days for which a storm's stranded aircraft and crews are missing."""


def without_consequences(stories: Sequence[Story], routes: Routes, expected: Expected, usual: Usual) -> list[Story]:
    """The stories but those of carriers that follow from one of all carriers at the airport where they lost most.

    Such a story begins on the other's days or within `DAYS_AFTER` of them, and the records do not put it down to the carrier.
    Where they name no main cause at all, it has to be the smaller one too.
    """
    places = [(story, entries_of(story, routes)) for story in stories if not story.carriers]

    def follows(story: Story) -> bool:
        rows = entries_of(story, routes)
        cause = name_cause(routes, expected, usual, rows).cause
        if cause == CAUSE_WORDS[0]:
            return False
        lost = _lost(routes, expected, rows)
        worst = int(np.argmax(np.bincount(routes.origin[rows], weights=lost)))
        first = story.days[0][0]
        return any(
            place.days[0][0] <= first <= place.days[-1][0] + DAYS_AFTER
            and worst in place.airports
            and (cause is not None or _lost(routes, expected, own).sum() >= lost.sum())
            for place, own in places
        )

    return [story for story in stories if not story.carriers or not follows(story)]


def _lost(routes: Routes, expected: Expected, rows: Indices) -> np.ndarray:
    cancelled = routes.cancelled[rows] - expected.cancelled[rows]
    return np.asarray(cancelled + (routes.delay_minutes[rows] - expected.delay_minutes[rows]) / LOST_FLIGHT_MINUTES)
