"""Weighed trials in DynamoDB: `sk = TRIAL#<champion>#single#`, the last one of a champion."""

import json
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.kernel.stored_values import check_day, read_attribute, read_json, read_value
from vigil.monitoring.profiles.keys_model import Item, expiry, item_key, read_item, version_prefix
from vigil.monitoring.trials.model import WeighedTrial


class DynamoTrials:
    """Last weighed trials of the models of all tenants. Items expire 800 days after their day begins in UTC."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def load(self, tenant_id: str, model: str, champion: int) -> WeighedTrial | None:
        """Return the last weighed trial beside a version, read consistently; None without one.

        Raises Unavailable, and DamagedData for a damaged trial.
        """
        item = self._table.get(_key(tenant_id, model, champion))
        return read_item(model, item, _trial) if item else None

    def put(self, tenant_id: str, model: str, champion: int, trial: WeighedTrial) -> None:
        """Store a trial beside a version in place of the one before. Raises Unavailable."""
        item = {"trial": {"S": json.dumps(asdict(trial), allow_nan=False)}}
        self._table.call("put_item", Item=_key(tenant_id, model, champion) | item | expiry(trial.day))


def _key(tenant_id: str, model: str, champion: int) -> Item:
    return item_key(tenant_id, model, version_prefix("TRIAL", champion, "single"))


def _trial(item: Item) -> WeighedTrial:
    trial = read_value(WeighedTrial, read_json(read_attribute(item, "trial", "S")))
    check_day(trial.day)
    return trial
