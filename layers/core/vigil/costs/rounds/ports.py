"""What rounds need from outside: who looks, and a memory of how far a round came."""

from typing import Protocol


class Look(Protocol):
    """What is to be done for each tenant, again and again."""

    def look(self, tenant_id: str) -> int:
        """Do it, and return how much was told of it; raises Unavailable."""
        ...


class Places(Protocol):
    """Where rounds are."""

    def last(self) -> str:
        """Return the tenant that was looked at last; empty before the first."""
        ...

    def keep(self, tenant_id: str) -> None:
        """Note the tenant that was looked at last."""
        ...
