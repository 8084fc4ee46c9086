"""Profiles as bytes: compressed JSON that is the same for the same profile, at most 1.5 kB for 40 features."""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import starmap
from typing import Any

from vigil.errors import DamagedData
from vigil.kernel.stored_values import check_day, read_members, read_object, read_parts, read_value, unpack_json
from vigil.monitoring.profiles.counting_model import most_frequent
from vigil.monitoring.profiles.model import (
    MAX_PATTERNS,
    SCORE_BINS,
    SUM_SCALE,
    FeatureCounts,
    GroupCounts,
    Profile,
    ScoreCounts,
)

_FORMAT, _MEMBERS = 1, 13
"""Format of a profile, and the number of its members."""
_MAX_FEATURES = 1 << 16
"""Maximum features of a profile, and maximum cells of a feature."""
_MAX_BYTES = 1 << 20
"""Maximum size of the uncompressed JSON, so that a stored item cannot exhaust the memory."""
_MAX_ROWS = 1 << 53
"""Maximum decisions of a day: larger numbers are not exact in double precision."""
_NAMES = ("bands", "decisions", "abstention_reasons", "degraded_engines")


def to_bytes(profile: Profile) -> bytes:
    """Return the bytes of a profile. Equal profiles give equal bytes, also with other orders of their mappings."""
    return zlib.compress(_document(profile), 9)


def chain_digest(before: int, profile: Profile) -> int:
    """Return the digest of a sequence of profiles, an integer of 64 bits without a sign.

    `profile` is the last one of the sequence. `before` is the digest of the others, and 0 for the first profile.
    """
    return int.from_bytes(hashlib.sha256(before.to_bytes(8, "big") + _document(profile)).digest()[:8], "big")


def _document(profile: Profile) -> bytes:
    document = [
        _FORMAT,
        profile.day,
        profile.source,
        profile.rows,
        profile.counted,
        [[*feature.counts, feature.missing] for feature in profile.features],
        [profile.scores.rows, profile.scores.sums, profile.scores.squares],
        *(dict(sorted(getattr(profile, name).items())) for name in _NAMES),
        sorted(profile.missing_patterns.items()),
        {name: [group.rows, group.flagged, group.abstained] for name, group in sorted(profile.groups.items())},
    ]
    return json.dumps(document, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Profile:
    """Return the profile of `to_bytes`. Raises DamagedData for other bytes, and for JSON above 1 MiB.

    Counts that contradict each other are damaged, too.
    """
    document = read_parts(unpack_json(data, _MAX_BYTES), _MEMBERS)
    if read_value(int, document[0]) != _FORMAT:
        raise DamagedData(f"the profile must have format {_FORMAT}")
    day, source, rows, counted, features, scores, *names, patterns, groups = document[1:]
    profile = read_value(
        Profile,
        {
            "day": day,
            "source": source,
            "rows": rows,
            "counted": counted,
            "features": [_feature(each) for each in read_parts(features, 0, _MAX_FEATURES)],
            "scores": read_members(ScoreCounts, scores),
            "missing_patterns": dict(map(_pattern, read_parts(patterns, 0, MAX_PATTERNS))),
            "groups": {name: read_members(GroupCounts, each) for name, each in read_object(groups).items()},
            **dict(zip(_NAMES, names, strict=True)),
        },
    )
    check_day(profile.day)
    if {len(each) for each in (profile.scores.rows, profile.scores.sums, profile.scores.squares)} != {SCORE_BINS}:
        raise DamagedData(f"the scores must have {SCORE_BINS} bins")
    if not all(_agreements(profile)):
        raise DamagedData("the counts of the profile must agree with its number of counted decisions")
    return profile


def _agreements(profile: Profile) -> Iterator[bool]:
    """Yield for each count if it agrees with the number of counted decisions."""
    counted, scores = profile.counted, profile.scores
    yield counted <= profile.rows <= _MAX_ROWS
    yield all(sum(feature.counts) + feature.missing == counted for feature in profile.features)
    yield sum(profile.bands.values()) == sum(profile.decisions.values()) == counted
    yield sum(scores.rows) <= counted and sum(profile.missing_patterns.values()) <= counted
    yield all(
        squares <= sums <= rows * SUM_SCALE
        for rows, sums, squares in zip(scores.rows, scores.sums, scores.squares, strict=True)
    )
    yield all(rows <= counted for name in _NAMES for rows in getattr(profile, name).values())
    yield all(max(each.flagged, each.abstained) <= each.rows <= counted for each in profile.groups.values())


def _pattern(packed: Any) -> tuple[int, int]:
    mask, rows = read_value(tuple[int, ...], read_parts(packed, 2))
    return mask, rows


def _feature(packed: Any) -> dict[str, Any]:
    *counts, missing = read_parts(packed, 1, _MAX_FEATURES)
    return {"counts": counts, "missing": missing}


def sum_profiles(parts: Sequence[Profile]) -> Profile:
    """Return the sum of one or more parts of one day and source, which can have any order.

    The sum has the most frequent patterns of its parts. Raises DamagedData for parts of another day, source, or number
    of features or cells. Raises TypeError without parts.
    """
    total = reduce(_add_parts, parts)
    return replace(total, missing_patterns=most_frequent(total.missing_patterns))


def _add_parts(first: Profile, second: Profile) -> Profile:
    shape = [len(feature.counts) for feature in first.features]
    same = (first.day, first.source) == (second.day, second.source)
    if not same or shape != [len(feature.counts) for feature in second.features]:
        raise DamagedData("only profiles of one day, source and model version can be added")
    names: dict[str, Any] = {name: _add_names(getattr(first, name), getattr(second, name)) for name in _NAMES}
    scores = (_add(getattr(first.scores, name), getattr(second.scores, name)) for name in ("rows", "sums", "squares"))
    return replace(
        first,
        rows=first.rows + second.rows,
        counted=first.counted + second.counted,
        features=tuple(map(_add_features, first.features, second.features)),
        scores=ScoreCounts(*scores),
        missing_patterns=Counter(first.missing_patterns) + Counter(second.missing_patterns),
        groups=_add_groups(first.groups, second.groups),
        **names,
    )


def _add(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(starmap(int.__add__, zip(first, second, strict=True)))


def _add_features(first: FeatureCounts, second: FeatureCounts) -> FeatureCounts:
    return FeatureCounts(_add(first.counts, second.counts), first.missing + second.missing)


def _add_names(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(first) + Counter(second))


def _add_groups(first: Mapping[str, GroupCounts], second: Mapping[str, GroupCounts]) -> dict[str, GroupCounts]:
    none = GroupCounts(0, 0, 0)
    pairs = ((name, first.get(name, none), second.get(name, none)) for name in sorted({*first, *second}))
    return {
        name: GroupCounts(a.rows + b.rows, a.flagged + b.flagged, a.abstained + b.abstained) for name, a, b in pairs
    }
