"""Profiles as bytes: compressed JSON that is the same for the same profile, at most 1.5 kB for 40 features."""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from vigil.monitoring.profiles.counting_model import most_frequent
from vigil.monitoring.profiles.model import FeatureCounts, GroupCounts, Profile, ScoreCounts

_FORMAT = 1
_MAX_BYTES = 1 << 20
"""Maximum size of the uncompressed JSON, so that a stored item cannot exhaust the memory."""
_NAMES = ("bands", "decisions", "abstention_reasons", "degraded_engines")


def to_bytes(profile: Profile) -> bytes:
    """Return the bytes of a profile. Equal profiles give equal bytes, whatever the order of their mappings."""
    return zlib.compress(_document(profile), 9)


def chain_digest(before: int, profile: Profile) -> int:
    """Return the digest of a sequence of profiles from the digest before its last one.

    The digest is an integer of 64 bits. `before` is 0 for the first profile.
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
    """Return the profile of `to_bytes`. Raises ValueError for bytes of another format, or for JSON above 1 MiB."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(data, _MAX_BYTES)
        document: list[Any] = json.loads(content) if unpacking.eof else []
    except (zlib.error, ValueError) as error:
        raise ValueError("the profile is not compressed JSON") from error
    if document[:1] != [_FORMAT]:
        raise ValueError(f"the profile must have format {_FORMAT} and at most {_MAX_BYTES} bytes")
    day, source, rows, counted, features, scores, *names, patterns, groups = document[1:]
    return Profile(
        day=day,
        source=source,
        rows=rows,
        counted=counted,
        features=tuple(FeatureCounts(tuple(counts), missing) for *counts, missing in features),
        scores=ScoreCounts(*map(tuple, scores)),
        missing_patterns=dict(patterns),
        groups={name: GroupCounts(*counts) for name, counts in groups.items()},
        **dict(zip(_NAMES, names, strict=True)),
    )


def sum_profiles(parts: Sequence[Profile]) -> Profile:
    """Return the sum of one or more parts of one day and source; their order does not matter.

    Raises ValueError for parts of another day, source, or number of features or cells, and TypeError without parts.
    """
    total = reduce(_add_parts, parts)
    return replace(total, missing_patterns=most_frequent(total.missing_patterns))


def _add_parts(first: Profile, second: Profile) -> Profile:
    shape = [len(feature.counts) for feature in first.features]
    same = (first.day, first.source) == (second.day, second.source)
    if not same or shape != [len(feature.counts) for feature in second.features]:
        raise ValueError("only profiles of one day, source and model version can be added")
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
    return tuple(map(int.__add__, first, second))


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
