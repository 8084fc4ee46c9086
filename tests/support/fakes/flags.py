"""Flag sets in memory, and an independent evaluation of flags in plain Python."""

from collections.abc import Callable, Mapping
from typing import Any

from vigil.access.flags.model import Flag, FlagSet
from vigil.errors import Unavailable


class FakeFlagStore:
    """All flag sets. `away` makes it unavailable, `overtaken` rejects that many changes, `reads` counts reads."""

    def __init__(self, *flags: Flag) -> None:
        self.away = False
        self.reads = 0
        self.overtaken = 0
        self._sets = [FlagSet()]
        for flag in flags:
            self.replace(self._sets[-1].with_flag(flag), "test", "now")

    def current(self) -> FlagSet:
        self.reads += 1
        if self.away:
            raise Unavailable("away")
        return self._sets[-1]

    def find_by_digest(self, digest: str) -> FlagSet | None:
        return next((flag_set for flag_set in self._sets if flag_set.version and flag_set.digest() == digest), None)

    def replace(self, new: FlagSet, by: str, at: str) -> bool:
        if self.overtaken:
            self.overtaken -= 1
            return False
        if new.version != self._sets[-1].version + 1:
            return False
        self._sets.append(new)
        return True


def reference_evaluator(flags: FlagSet) -> Callable[[str, Mapping[str, Any]], bool]:
    """Return an evaluator that follows the definition of the flags."""

    def evaluate(name: str, context: Mapping[str, Any]) -> bool:
        flag = flags.find(name)
        assert flag is not None
        if context["tenant_id"] in flag.deny or context["stage"] not in flag.stages:
            return False
        return context["tenant_id"] in flag.allow or context["bucket"] < round(flag.percentage * 100)

    return evaluate
