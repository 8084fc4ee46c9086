"""Flags in DynamoDB, one item per flag set, and their evaluation by Powertools Feature Flags.

`pk = FLAGS`; `sk = CURRENT` is the current set, `SET#<digest>` each set that was ever current.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from vigil.access.flags.model import FlagSet
from vigil.access.flags.ports import Evaluator
from vigil.aws.tables import Table
from vigil.errors import Unavailable

_PK = {"S": "FLAGS"}


class DynamoFlags:
    """The current flag set and all earlier ones."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The flags table")

    def current(self) -> FlagSet:
        """Return the current set, read consistently; empty before the first change."""
        return self._get("CURRENT") or FlagSet()

    def find_by_digest(self, digest: str) -> FlagSet | None:
        """Return the current or an earlier set by its digest, or None."""
        return self._get(f"SET#{digest}")

    def replace(self, new: FlagSet, by: str, at: str) -> bool:
        """Store the next version as the current set and under its digest, in one transaction.

        Return False without a write if the stored version is not its predecessor.
        """
        item = {
            "pk": _PK,
            "version": {"N": str(new.version)},
            "flags": {"S": new.to_json()},
            "changed_by": {"S": by},
            "changed_at": {"S": at},
        }
        current = {
            "Item": item | {"sk": {"S": "CURRENT"}},
            "ConditionExpression": "version = :before" if new.version > 1 else "attribute_not_exists(pk)",
            **({"ExpressionAttributeValues": {":before": {"N": str(new.version - 1)}}} if new.version > 1 else {}),
        }
        archived = {"Item": item | {"sk": {"S": f"SET#{new.digest()}"}}}
        return self._table.transact({"Put": current}, {"Put": archived}, token=uuid.uuid4().hex) is None

    def _get(self, sk: str) -> FlagSet | None:
        item = self._table.get({"pk": _PK, "sk": {"S": sk}})
        try:
            return FlagSet.from_json(int(item["version"]["N"]), item["flags"]["S"]) if item else None
        except (ValueError, TypeError, KeyError) as error:
            raise Unavailable("The flag set cannot be read.") from error


def powertools_evaluator(flags: FlagSet) -> Evaluator:
    """Return the Powertools evaluator of a set; raise Unavailable if the Powertools schema rejects the set."""
    if not flags.flags:
        return _off
    # The import takes 20 ms, so it happens only for a set with flags.
    from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, StoreProvider  # noqa: PLC0415
    from aws_lambda_powertools.utilities.feature_flags.exceptions import SchemaValidationError  # noqa: PLC0415

    class MemoryStore(StoreProvider):
        """The set in memory. It is always the same object, so Powertools validates it once."""

        @property
        def get_raw_configuration(self) -> dict[str, Any]:
            return features

        def get_configuration(self) -> dict[str, Any]:
            return features

    powertools = FeatureFlags(MemoryStore())
    try:
        features = {flag.name: flag.to_powertools_feature() for flag in flags.flags}
        powertools.get_configuration()
    except (SchemaValidationError, TypeError, ValueError) as error:
        raise Unavailable("The flag set cannot be evaluated.") from error
    return lambda name, context: bool(powertools.evaluate(name=name, context=dict(context), default=False))


def _off(_name: str, _context: Mapping[str, Any]) -> bool:
    return False
