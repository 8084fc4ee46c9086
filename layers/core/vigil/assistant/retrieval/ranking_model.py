"""Order of passages: the best of many scores, and the fusion of rankings."""

from collections import defaultdict
from collections.abc import Sequence
from heapq import nlargest

from vigil.assistant.passages.model import PassageId

_RANK_OFFSET = 60
"""Constant of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): it reduces the weight of the first ranks."""


def best_places(scores: Sequence[float], limit: int) -> list[int]:
    """Return the places of the highest scores above 0, at most `limit`; equal scores are in the order of places."""
    best = nlargest(limit, range(len(scores)), key=scores.__getitem__)
    return [place for place in best if scores[place] > 0]


def fuse(rankings: Sequence[Sequence[PassageId]], limit: int) -> list[PassageId]:
    """Return the best passages of all rankings; equal ones are in the order of passage ids."""
    fused: defaultdict[PassageId, float] = defaultdict(float)
    for ranking in rankings:
        for rank, passage_id in enumerate(ranking, 1):
            fused[passage_id] += 1 / (_RANK_OFFSET + rank)
    return sorted(fused, key=lambda passage_id: (-fused[passage_id], passage_id))[:limit]
