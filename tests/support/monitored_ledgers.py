"""Decisions of past days in a ledger, for the nightly sweep, and a plain count of them."""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.support.fakes.references import reference
from tests.support.fakes.scoring import CONTRACT, GROUPS
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.scoring.model import LedgerRow
from vigil.decisions.scoring.store import parse_row, row_item
from vigil.kernel.rows import ModelRef
from vigil.monitoring.profiles.model import FeatureCounts, GroupCounts, Profile
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.packages.reference_model import Reference

MONITORED: ModelContract = replace(CONTRACT, groups=GROUPS[:1], intersections=())
"""Contract of the toy model with one attribute, and labels that are final after 28 days."""
REFERENCE: Reference = reference(MONITORED)


@dataclass(frozen=True)
class Past:
    """A decision of a past day. `stage` is 0 to 2, or None for a missing one."""

    day: str
    number: int
    subject: str = ""
    age: float = 42.0
    visits: int | None = 12
    probability: float | None = 0.3
    sex: str | None = "female"
    version: int = 1
    tenant: str = "acme"
    second: int = 0

    @property
    def decision_id(self) -> str:
        """Id of the decision."""
        return f"dec-{self.day.replace('-', '')}{self.number:012d}"

    def row(self) -> LedgerRow:
        """Return the row that the ledger stores."""
        subject = self.subject or f"p-{self.number}"
        created_at = f"{self.day}T08:00:{self.second:02d}.{self.number:06d}Z"
        model = {"name": "toy", "version": self.version, "digest": "sha256:aa"}
        high = self.probability is not None and self.probability >= 0.5
        band = "unknown" if self.probability is None else "high" if high else "low"
        answer = {
            "decision_id": self.decision_id,
            "model": model,
            "probability": self.probability,
            "band": band,
            "decision": {"unknown": "abstain", "high": "call", "low": "wait"}[band],
            "abstention": {"reasons": ["missing"]} if band == "unknown" else None,
            "degraded": [{"engine": "linear", "reason": "failed"}] if band == "unknown" else [],
            "as_of": created_at,
            "created_at": created_at,
        }
        return LedgerRow(
            tenant_id=self.tenant,
            decision_id=self.decision_id,
            subject_id=subject,
            subject=tenant_key(self.tenant).pseudonym(subject),
            model=ModelRef(**model),  # type: ignore[arg-type]
            fingerprint="f",
            correlation_id="c",
            nonce=f"n-{self.number}",
            created_at=created_at,
            expires_at=1_800_000_000,
            inputs=json.dumps({"age": self.age, "visits": self.visits, "urban": True, "stage": "II"}),
            body=json.dumps(answer),
            summary=json.dumps({"model": model, "decision_id": self.decision_id}),
            high_risk=high,
            groups=json.dumps({} if self.sex is None else {"sex": self.sex}),
        )


def past_day(day: str, rows: int, seed: int = 0, **changes: Any) -> list[Past]:
    """Return random decisions of a day, every tenth about the subject of an earlier one."""
    chance = Random(f"{day} {seed}")
    return [
        replace(
            Past(
                day,
                number,
                subject=f"p-{number % 9 if number % 10 == 9 else number}",
                age=round(chance.uniform(0, 60), 1),
                visits=None if chance.random() < 0.1 else chance.randrange(40),
                probability=None if chance.random() < 0.05 else round(chance.betavariate(2, 3), 6),
                sex=chance.choice(("female", "male", None)),
            ),
            **changes,
        )
        for number in range(rows)
    ]


def put_decisions(client: Any, decisions: Iterable[Past]) -> None:
    """Store decisions in the ledger's table."""
    puts = [{"PutRequest": {"Item": row_item(each.row())}} for each in decisions]
    for start in range(0, len(puts), 25):
        client.batch_write_item(RequestItems={"decisions": puts[start : start + 25]})


def plain_count(client: Any, day: str, version: int = 1, tenant: str = "acme") -> Mapping[str, Any]:
    """Return the counts of a day's profile by a scan of the table and plain loops."""
    items = client.scan(TableName="decisions")["Items"]
    rows = [parse_row(item) for item in items if item["tenant_pk"]["S"] == tenant and "erased_at" not in item]
    rows = [row for row in rows if row.created_at.startswith(day) and row.model.version == version]
    first: dict[str, LedgerRow] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.decision_id)):
        first.setdefault(row.subject, row)
    answers = [json.loads(row.body) for row in first.values()]
    return {
        "rows": len(rows),
        "counted": len(first),
        "features": tuple(_plain_feature(place, first.values()) for place in range(len(MONITORED.features))),
        "scored": sum(answer["probability"] is not None for answer in answers),
        "bands": Counter(answer["band"] for answer in answers),
        "decisions": Counter(answer["decision"] for answer in answers),
        "groups": _plain_groups(first.values()),
    }


def counts_of(profile: Profile) -> Mapping[str, Any]:
    """Return the members of a profile that `plain_count` counts."""
    return {
        "rows": profile.rows,
        "counted": profile.counted,
        "features": profile.features,
        "scored": sum(profile.scores.rows),
        "bands": profile.bands,
        "decisions": profile.decisions,
        "groups": profile.groups,
    }


def _plain_feature(place: int, rows: Iterable[LedgerRow]) -> FeatureCounts:
    spec, known = MONITORED.features[place], REFERENCE.features[place]
    counts, missing = [0] * len(known.counts), 0
    for row in rows:
        value = json.loads(row.inputs)[spec.name]
        if value is None:
            missing += 1
        elif known.edges:
            counts[bisect_right(known.edges, value)] += 1
        else:
            counts[spec.categories.index(value) if spec.categories else int(value)] += 1
    return FeatureCounts(tuple(counts), missing)


def _plain_groups(rows: Iterable[LedgerRow]) -> dict[str, GroupCounts]:
    found: dict[str, list[LedgerRow]] = {}
    for row in rows:
        found.setdefault(f"sex={json.loads(row.groups).get('sex', 'not given')}", []).append(row)
    return {
        name: GroupCounts(
            len(each),
            sum(row.high_risk for row in each),
            sum(json.loads(row.body)["abstention"] is not None for row in each),
        )
        for name, each in found.items()
    }
