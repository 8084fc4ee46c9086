"""Flags in memory, and the rules of a flag written down once more, as plain Python."""

from collections.abc import Callable, Mapping
from typing import Any

from vigil.access.flags.model import Flag, FlagSet
from vigil.errors import Unavailable


class FakeFlagStore:
    """Holds the set and every older one; `away` makes it unreachable, `reads` counts."""

    def __init__(self, *flags: Flag) -> None:
        self.away = False
        self.reads = 0
        self.overtaken = 0
        self._sets = [FlagSet()]
        for flag in flags:
            self.replace(self._sets[-1].defining(flag), "test", "now")

    def current(self) -> FlagSet:
        self.reads += 1
        if self.away:
            raise Unavailable("away")
        return self._sets[-1]

    def past(self, digest: str) -> FlagSet | None:
        return next((held for held in self._sets if held.version and held.digest() == digest), None)

    def replace(self, new: FlagSet, by: str, at: str) -> bool:
        if self.overtaken:
            self.overtaken -= 1
            return False
        if new.version != self._sets[-1].version + 1:
            return False
        self._sets.append(new)
        return True


def plainly(flags: FlagSet) -> Callable[[str, Mapping[str, Any]], bool]:
    """Return an evaluation that follows the words of the definition."""

    def evaluate(name: str, context: Mapping[str, Any]) -> bool:
        flag = flags.find(name)
        assert flag is not None
        if context["tenant_id"] in flag.deny or context["stage"] not in flag.stages:
            return False
        return context["tenant_id"] in flag.allow or context["bucket"] < round(flag.percentage * 100)

    return evaluate
