"""Versions of functions, their live alias and their event sources, and the rule for a return to an older version."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODEL_KEYS = "VIGIL_MODEL_KEYS"
MODEL_FLOORS = "VIGIL_MODEL_FLOORS"
_LOWEST_FLOOR = 1


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """One published version of a function: its number, the time of its publication (ISO 8601), and its variables."""

    number: int
    published_at: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveAlias:
    """The alias `live` of a function.

    `version` serves requests. `canary` is a newer version that serves a share of them, or None. `revision` changes with
    every change of the alias.
    """

    version: int
    revision: str
    canary: int | None = None

    @property
    def newest(self) -> int:
        """The newest version that serves requests."""
        return self.version if self.canary is None else self.canary


@dataclass(frozen=True, slots=True)
class EventSource:
    """One queue that Lambda reads for one function. `id` is the id of the mapping.

    `queue` is the short name of the queue, such as `batch-chunks`.
    """

    id: str
    function: str
    queue: str
    is_enabled: bool


def older_version(live: LiveAlias, versions: Sequence[FunctionVersion], left: Collection[int] = ()) -> int | None:
    """Return the version to which the alias returns: the one beside a canary, or the newest older one; or None.

    `left` are versions that an earlier rollback has left. The alias returns to none of them.
    """
    if live.canary is not None:
        return live.version
    older = (each.number for each in versions if each.number < live.version and each.number not in left)
    return max(older, default=None)


def rollback_refusal(newer: FunctionVersion, older: FunctionVersion) -> str:
    """Return the reason why a function must not return to an older version, or "".

    An older version with other model keys refuses models of today, or accepts models of a withdrawn key. An older
    version with a lower floor accepts models that are withdrawn.
    """
    try:
        keys = [_read(each, MODEL_KEYS) for each in (newer, older)]
        now, before = (_read(each, MODEL_FLOORS) for each in (newer, older))
        lowered = [name for name in sorted(now) if int(before.get(name, _LOWEST_FLOOR)) < int(now[name])]
    except (TypeError, ValueError):
        return f"The model keys or floors of version {newer.number} or {older.number} cannot be read."
    if keys[0] != keys[1]:
        return f"Version {older.number} trusts other model keys than version {newer.number}. Deploy a new version."
    if lowered:
        return (
            f"Version {older.number} has a lower floor than version {newer.number} for {', '.join(lowered)}. "
            "Deploy a new version."
        )
    return ""


def _read(version: FunctionVersion, variable: str) -> Mapping[str, Any]:
    """Return the object in a variable. Raises ValueError."""
    found = json.loads(version.variables.get(variable) or "{}")
    if not isinstance(found, dict):
        raise ValueError(f"{variable} is not an object")
    return found
