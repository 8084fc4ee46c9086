"""Feature flags, versioned flag sets, and the flag states that a decision records."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Stage = Literal["local", "dev", "staging", "prod"]
Sticky = Literal["tenant", "subject"]
"""Unit of a percentage: whole tenants, or the subjects of each tenant."""
BUCKET_COUNT = 10_000
"""Number of rollout buckets: a percentage has two decimals."""

EXPLAIN_HIGH_RISK = "explain-high-risk"
SKIP_MISSING_FACT = "skip-missing-fact"
KNOWN_FLAGS: Mapping[str, str] = {
    EXPLAIN_HIGH_RISK: "Decisions in a high-risk band always include an explanation.",
    SKIP_MISSING_FACT: "Abstentions omit the most useful missing fact, which saves most of their computing time.",
}
"""Flags that this version acts on. They always exist and are off until an operator defines them."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Definition of a flag. `deny` overrides `allow`; both override the percentage. It is off outside its stages."""

    name: str
    description: str
    stages: tuple[Stage, ...] = ()
    percentage: float = 0.0
    sticky: Sticky = "tenant"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def etag(self) -> str:
        """Return the entity tag of this definition; any change of the definition changes the tag."""
        return f'"{_digest(asdict(self))[:32]}"'

    def bucket(self, tenant_id: str, subject_id: str) -> int:
        """Return a number from 0 to BUCKET_COUNT - 1, the same on every call and another for every flag.

        It depends on the tenant alone if the flag is sticky per tenant, otherwise on the tenant and the subject. A flag
        is on for the buckets below its percentage. A growing percentage therefore only adds subjects.
        """
        owner = (tenant_id,) if self.sticky == "tenant" else (tenant_id, subject_id)
        digest = hashlib.sha256("\n".join((self.name, *owner)).encode()).digest()
        return int.from_bytes(digest[:8], "big") % BUCKET_COUNT

    def to_powertools_feature(self) -> dict[str, Any]:
        """Return the flag in the schema of Powertools Feature Flags; the first matching rule decides."""
        in_stage = {"action": "KEY_IN_VALUE", "key": "stage", "value": list(self.stages)}
        allowed = {"action": "KEY_IN_VALUE", "key": "tenant_id", "value": list(self.allow)}
        denied = {"action": "KEY_IN_VALUE", "key": "tenant_id", "value": list(self.deny)}
        below = {"action": "KEY_LESS_THAN_VALUE", "key": "bucket", "value": round(self.percentage * BUCKET_COUNT / 100)}
        return {
            "default": False,
            "rules": {
                "denied": {"when_match": False, "conditions": [denied]},
                "allowed": {"when_match": True, "conditions": [in_stage, allowed]},
                "percentage": {"when_match": True, "conditions": [in_stage, below]},
            },
        }


@dataclass(frozen=True, slots=True)
class FlagSet:
    """All flag definitions; `version` counts their changes."""

    version: int = 0
    flags: tuple[Flag, ...] = ()

    def find(self, name: str) -> Flag | None:
        """Return a flag by name: its definition, the default of a known flag, or None."""
        defined = next((flag for flag in self.flags if flag.name == name), None)
        return defined or (Flag(name, KNOWN_FLAGS[name]) if name in KNOWN_FLAGS else None)

    def all_flags(self) -> tuple[Flag, ...]:
        """Return all flags sorted by name, including known flags without a definition."""
        names = {flag.name for flag in self.flags} | KNOWN_FLAGS.keys()
        return tuple(flag for name in sorted(names) if (flag := self.find(name)))

    def with_flag(self, flag: Flag) -> "FlagSet":
        """Return the next version of the set, with this definition added or replaced."""
        others = (other for other in self.flags if other.name != flag.name)
        return replace(self, version=self.version + 1, flags=tuple(sorted((*others, flag), key=lambda f: f.name)))

    def to_json(self) -> str:
        """Return the definitions as canonical JSON."""
        return _canonical([asdict(flag) for flag in self.flags])

    @classmethod
    def from_json(cls, version: int, document: str) -> "FlagSet":
        """Return the set of a JSON document; raise ValueError, TypeError or KeyError if the document is malformed."""
        return cls(version, tuple(_flag(entry) for entry in json.loads(document)))

    def digest(self) -> str:
        """Return the digest that decisions record: `sha256:` and 64 hexadecimal digits."""
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Switches:
    """Flag state of one decision: the digest of the flag set, and the names of the known flags that are on.

    The digest is None if the set could not be read; then all flags are off.
    """

    digest: str | None = None
    on: tuple[str, ...] = ()


ALL_OFF = Switches()
"""Flag state of a service without flags: no digest, all flags off."""


def all_off(_tenant_id: str, _subject_id: str) -> Switches:
    """Return the flag state of a service without flags: no digest, all flags off."""
    return ALL_OFF


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Result of a flag for one tenant; `on` is None if it depends on the subject."""

    flag: Flag
    on: bool | None


def _flag(entry: dict[str, Any]) -> Flag:
    lists = {name: tuple(entry[name]) for name in ("stages", "allow", "deny")}
    return Flag(**entry | lists)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()
