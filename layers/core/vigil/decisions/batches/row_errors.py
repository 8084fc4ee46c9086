"""Row errors with a count in place of unknown names, because a name in a row can be a fact about a person."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from vigil.decisions.batches.ports import RowScorer
from vigil.decisions.scoring.answered_rows_model import AnsweredRows
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import AS_OF, SUBJECT
from vigil.prediction.engines.contract import ModelContract

_MEMBERS = ("", "row", SUBJECT, AS_OF, "features", "groups", "history", "model", "explain")
"""Paths of a row, of its members, and of members that only a single request may have."""


class KnownNames:
    """Names that stored errors may contain: a row's members, and the model's features, groups and history members."""

    def __init__(self, contract: ModelContract, history_schema: Mapping[str, Any]) -> None:
        self._inputs = {f"features.{spec.name[:64]}" for spec in contract.features}
        self._inputs |= {f"groups.{attribute.name}" for attribute in contract.groups}
        self._history = frozenset(_property_names(history_schema))

    def conceal(self, error: InvalidInput) -> InvalidInput:
        """Return the error with a count in place of unknown names, one for each object that contains some."""
        shown, unknown = list[FieldError](), dict[str, list[FieldError]]()
        for each in error.errors:
            parent = self._parent_of_unknown(each.field)
            if parent is None:
                shown.append(each)
            else:
                unknown.setdefault(parent, []).append(each)
        if not unknown:
            return error
        return InvalidInput(*shown, *(_counted(parent, errors) for parent, errors in unknown.items()))

    def _parent_of_unknown(self, field: str) -> str | None:
        """Return the known part of a path before an unknown name; None for a known path."""
        if field in self._inputs or field in _MEMBERS:
            return None
        first, *rest = field.split(".")
        if first in {"features", "groups"}:
            return first
        if first != "history":
            return "row"
        for place, name in enumerate(rest):
            if name not in self._history and not name.isdigit():
                return ".".join([first, *rest[:place]])
        return None


class ConcealingScorer:
    """Scorer whose errors contain known names only."""

    def __init__(self, scorer: RowScorer, names: KnownNames) -> None:
        self._scorer = scorer
        self._names = names

    def answer_rows(self, documents: Sequence[object]) -> AnsweredRows:
        """Return the answer or the error of each row."""
        rows = self._scorer.answer_rows(documents)
        if rows.has_errors:
            rows.texts = [self._names.conceal(each) if isinstance(each, InvalidInput) else each for each in rows.texts]
        return rows


def _counted(parent: str, errors: Collection[FieldError]) -> FieldError:
    names = "1 name" if len(errors) == 1 else f"{len(errors)} names"
    bound = next(error.bound for error in errors)
    return FieldError(parent, f"has {names} that the model's schema does not have", bound)


def _property_names(schema: Any) -> Iterator[str]:
    """Yield the names of all properties in a JSON schema."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _property_names(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _property_names(part)
