"""Whether a key may ask once more: one conditional update holds its requests per minute and per hour together."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from vigil.aws.errors import Refused
from vigil.aws.tables import Table
from vigil.errors import RateLimited, Unavailable
from vigil.kernel.tenants import Limits
from vigil.runtime import telemetry
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import HOUR, Headers, Spent

_REMEMBERED = 1024
_PAUSE_SECONDS = 5.0
_KEPT_SECONDS = 10 * 86_400
"""Counters outlive their hour: audits compare the tenant's usage of up to a week ago with them."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that was let in, and what its answer must say of the limits: nothing where that is not known."""

    headers: Headers = ()


class Admission(Protocol):
    """Who lets requests in."""

    def admit(self, caller: Principal) -> Admitted:
        """Count a request; raise RateLimited when the key has none left."""
        ...


class Counters(Protocol):
    """Where the requests of all keys are counted."""

    def take(self, caller: Principal, now: datetime) -> tuple[bool, Spent]:
        """Count one request if both limits allow it; return whether, and what is spent. Raises Unavailable."""
        ...


class Limiter:
    """Admission by counters that all instances share. Refusals are remembered until their window ends.

    While the counters are away everything is let in, and they are not asked again for five seconds: the limits are for
    fairness, API Gateway's throttle still holds, and an outage of theirs must not become one of the service. Answers
    then say nothing of limits, because nothing is known.
    """

    def __init__(self, counters: Counters, clock: Callable[[], datetime]) -> None:
        self._counters = counters
        self._clock = clock
        self._refused: OrderedDict[tuple[str, str, Limits], Spent] = OrderedDict()
        self._away_until = 0.0

    def admit(self, caller: Principal) -> Admitted:
        """Count a request; raise RateLimited when the key has none left."""
        moment, limits = self._clock(), caller.limits
        now, who = moment.timestamp(), (caller.tenant_id, caller.key_id, limits)
        if (spent := self._remembered(who, now)) is not None:
            raise _refusal(spent, limits)
        if now < self._away_until:
            return _unchecked()
        try:
            admitted, spent = self._counters.take(caller, moment)
        except Unavailable:
            self._away_until = now + _PAUSE_SECONDS
            return _unchecked()
        if admitted:
            return Admitted(spent.headers(limits))
        self._remember(who, spent)
        raise _refusal(spent, limits)

    def _remembered(self, who: tuple[str, str, Limits], now: float) -> Spent | None:
        """Return what was spent when this key was refused, if its window has not ended."""
        if (spent := self._refused.get(who)) is None:
            return None
        if spent.at // HOUR == now // HOUR and (spent := spent.later(now)).full(who[2]):
            return spent
        del self._refused[who]
        return None

    def _remember(self, who: tuple[str, str, Limits], spent: Spent) -> None:
        self._refused[who] = spent
        if len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)


def _refusal(spent: Spent, limits: Limits) -> RateLimited:
    full = spent.full(limits)
    assert full is not None  # noqa: S101 - a refusal is made of a full window
    return RateLimited(*full, spent.headers(limits))


def _unchecked() -> Admitted:
    telemetry.current.get().unchecked = True
    return Admitted()


class DynamoCounters:
    """One item per key and hour: `h` counts the hour, `m00` to `m59` its minutes. One item takes 1,000 writes a second.

    `pk = <tenant>#2026-11-21T05`, `sk = <key>`, so that one query tells what a tenant asked for in an hour.

    A call whose answer was lost may be counted twice by the client library's second try: never less than was let in.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def take(self, caller: Principal, now: datetime) -> tuple[bool, Spent]:
        """Count one request if both limits allow it; return whether, and what is spent. Raises Unavailable."""
        utc, at, limits = now.astimezone(UTC), now.timestamp(), caller.limits
        minute = f"m{utc:%M}"
        try:
            answer = self._table.call(
                "update_item",
                Key={"pk": {"S": f"{caller.tenant_id}#{utc:%Y-%m-%dT%H}"}, "sk": {"S": caller.key_id}},
                UpdateExpression=f"ADD h :one, {minute} :one SET expires_at = :end",
                ConditionExpression=(
                    f"(attribute_not_exists(h) OR h < :per_hour) "
                    f"AND (attribute_not_exists({minute}) OR {minute} < :per_minute)"
                ),
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":end": {"N": str(int(at // HOUR + 1) * HOUR + _KEPT_SECONDS)},
                    ":per_hour": {"N": str(limits.per_hour)},
                    ":per_minute": {"N": str(limits.per_minute)},
                },
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Refused as refusal:
            return False, _spent(refusal.found, minute, at)
        return True, _spent(answer["Attributes"], minute, at)


def _spent(item: Mapping[str, Mapping[str, str]], minute: str, at: float) -> Spent:
    count = {name: int(item[name]["N"]) for name in ("h", minute) if name in item}
    return Spent(at, count.get(minute, 0), count.get("h", 0))
