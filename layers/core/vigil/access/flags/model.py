"""Feature flags: whom each is on for, the set that holds, and what of it a decision names. Pure values and rules."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Stage = Literal["local", "dev", "staging", "prod"]
Sticky = Literal["tenant", "subject"]
"""Who stays in as a percentage grows: whole tenants, or the subjects of each tenant by themselves."""
BUCKET_COUNT = 10_000
"""A percentage has two decimals."""

EXPLAIN_HIGH_RISK = "explain-high-risk"
SKIP_MISSING_FACT = "skip-missing-fact"
KNOWN_FLAGS: Mapping[str, str] = {
    EXPLAIN_HIGH_RISK: "Decisions in a high-risk band are explained without being asked to.",
    SKIP_MISSING_FACT: "Abstentions come without the fact to find out first, which is most of their work.",
}
"""What this version obeys. These flags always exist, and are off until somebody defines them."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. Deny comes before allow, and both before the percentage; outside its stages it is off for everyone."""

    name: str
    description: str
    stages: tuple[Stage, ...] = ()
    percentage: float = 0.0
    sticky: Sticky = "tenant"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def etag(self) -> str:
        """Return what tells this definition from any other one of the flag, as an entity tag."""
        return f'"{_digest(asdict(self))[:32]}"'

    def bucket(self, tenant_id: str, subject_id: str) -> int:
        """Return where in 0 to BUCKETS - 1 somebody stands: always the same place, another one for each flag.

        Whoever is below a percentage is below any greater one, so that nobody falls out as it grows.
        """
        who = (tenant_id,) if self.sticky == "tenant" else (tenant_id, subject_id)
        drawn = hashlib.sha256("\n".join((self.name, *who)).encode()).digest()
        return int.from_bytes(drawn[:8], "big") % BUCKET_COUNT

    def to_powertools_feature(self) -> dict[str, Any]:
        """Return the flag as a feature in the schema of Powertools Feature Flags, whose first matching rule decides."""
        here = {"action": "KEY_IN_VALUE", "key": "stage", "value": list(self.stages)}
        allowed = {"action": "KEY_IN_VALUE", "key": "tenant_id", "value": list(self.allow)}
        denied = {"action": "KEY_IN_VALUE", "key": "tenant_id", "value": list(self.deny)}
        below = {"action": "KEY_LESS_THAN_VALUE", "key": "bucket", "value": round(self.percentage * BUCKET_COUNT / 100)}
        return {
            "default": False,
            "rules": {
                "denied": {"when_match": False, "conditions": [denied]},
                "allowed": {"when_match": True, "conditions": [here, allowed]},
                "percentage": {"when_match": True, "conditions": [here, below]},
            },
        }


@dataclass(frozen=True, slots=True)
class FlagSet:
    """All definitions at once; `version` counts their changes."""

    version: int = 0
    flags: tuple[Flag, ...] = ()

    def find(self, name: str) -> Flag | None:
        """Return a flag: as defined, as it is before anybody defines it if it is known, None otherwise."""
        defined = next((flag for flag in self.flags if flag.name == name), None)
        return defined or (Flag(name, KNOWN_FLAGS[name]) if name in KNOWN_FLAGS else None)

    def all_flags(self) -> tuple[Flag, ...]:
        """Return every flag by name, known ones that nobody has defined included."""
        names = {flag.name for flag in self.flags} | KNOWN_FLAGS.keys()
        return tuple(flag for name in sorted(names) if (flag := self.find(name)))

    def with_flag(self, flag: Flag) -> "FlagSet":
        """Return the next set, in which a flag is defined like this."""
        others = (other for other in self.flags if other.name != flag.name)
        return replace(self, version=self.version + 1, flags=tuple(sorted((*others, flag), key=lambda f: f.name)))

    def to_json(self) -> str:
        """Return the definitions as canonical JSON."""
        return _canonical([asdict(flag) for flag in self.flags])

    @classmethod
    def from_json(cls, version: int, document: str) -> "FlagSet":
        """Return the set that a document holds; raise ValueError, TypeError or KeyError for any other document."""
        return cls(version, tuple(_flag(entry) for entry in json.loads(document)))

    def digest(self) -> str:
        """Return what names these definitions in a decision, `sha256:` and 64 digits."""
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Switches:
    """What a decision says of the flags it was made under: the set's digest, and which known flags were on.

    No digest where no set could be read: then everything is off.
    """

    digest: str | None = None
    on: tuple[str, ...] = ()


_ALL_OFF = Switches()


def all_off(_tenant_id: str, _subject_id: str) -> Switches:
    """Return what a decision obeys where there are no flags at all."""
    return _ALL_OFF


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A flag as one tenant meets it; `on` is None where it depends on the subject."""

    flag: Flag
    on: bool | None


def _flag(entry: dict[str, Any]) -> Flag:
    lists = {name: tuple(entry[name]) for name in ("stages", "allow", "deny")}
    return Flag(**entry | lists)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()
