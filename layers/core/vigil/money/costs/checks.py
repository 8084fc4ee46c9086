"""The watch over what tenants spend: one tenant after the other, again and again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from vigil.errors import VigilError
from vigil.money.costs.ports import Look


class Watch:
    """A job of rounds: a new one whenever the last is over."""

    max_duration = timedelta(minutes=20)

    def __init__(self, looks: Sequence[Look], clock: Callable[[], datetime]) -> None:
        self._looks = looks
        self._clock = clock

    def next_sweep(self, _last: str) -> str | None:
        """Return the name of a round, which is always due: its moment."""
        return self._clock().astimezone(UTC).isoformat(timespec="seconds")

    def process_tenant(self, tenant_id: str, _name: str) -> Mapping[str, int]:
        """Have everybody look at a tenant, and return how much was told; raise what failed when all have looked."""
        told, failed = 0, None
        for look in self._looks:
            try:
                told += look.look(tenant_id)
            except VigilError as error:
                failed = error
        if failed:
            raise failed
        return {"told": told}
