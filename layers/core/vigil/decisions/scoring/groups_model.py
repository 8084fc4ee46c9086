"""Groups of a subject: values of the attributes by which fairness is measured. They are never features."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from vigil.errors import FieldError, InvalidInput
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.group_attributes import GroupAttribute

Groups: TypeAlias = Mapping[str, str]
"""Value by group attribute, such as `female` by `sex`. An attribute without a value is left out."""
NO_GROUPS: Groups = {}


class SubjectGroups:
    """The group attributes of one model. Its methods return the groups of one subject or row at a time."""

    def __init__(self, contract: ModelContract) -> None:
        places = {spec.name: place for place, spec in enumerate(contract.features)}
        self._attributes = {attribute.name: attribute for attribute in contract.groups}
        self._given = [attribute.name for attribute in contract.groups if attribute.is_given]
        self._derived = [(each, places[each.source]) for each in contract.groups if each.source is not None]

    @property
    def can_be_given(self) -> bool:
        """True if the model declares an attribute that callers give."""
        return bool(self._given)

    def read(self, groups: Mapping[str, object] | None) -> dict[str, str]:
        """Return the value of each group attribute that a caller has given; empty for None or an empty mapping.

        An attribute that callers may give is left out if its value is None. Raises InvalidInput with each attribute
        that is unknown, derived from a feature, or has an undeclared value. If callers can give no groups to this
        model, any entry is refused with one error.
        """
        if not groups:
            return {}
        if not self.can_be_given:
            raise InvalidInput(FieldError("groups", "is not supported by this model", "leave it out"))
        read, errors = dict[str, str](), list[FieldError]()
        for name, value in groups.items():
            attribute = self._attributes.get(name)
            if attribute is None or attribute.source is not None:
                errors.append(self._refusal(name, attribute))
            elif isinstance(value, str) and value in attribute.values:
                read[name] = value
            elif value is not None:
                allowed = _one_of(attribute.values)
                errors.append(FieldError(f"groups.{name}", f"must be {allowed}", allowed))
        if errors:
            raise InvalidInput(*errors)
        return read

    def derive(self, row: Sequence[float]) -> dict[str, str]:
        """Return the values of the derived attributes of an encoded row, which is in the order of the contract.

        An attribute whose feature is missing (NaN) is left out.
        """
        return {
            attribute.name: attribute.values[bisect_right(attribute.cuts, row[place])]
            for attribute, place in self._derived
            if not math.isnan(row[place])
        }

    def known(self, groups: Mapping[str, str]) -> dict[str, str]:
        """Return those of the given groups whose attribute and value this model declares; others are left out."""
        declared = {name: self._attributes[name].values for name in self._given}
        return {name: value for name, value in groups.items() if value in declared.get(name, ())}

    def _refusal(self, name: str, attribute: GroupAttribute | None) -> FieldError:
        if attribute is None:
            return FieldError(f"groups.{name[:64]}", "is not a group of this model", _one_of(self._given))
        return FieldError(f"groups.{name}", f"is derived from the feature {attribute.source}", "leave it out")


def _one_of(names: Sequence[str]) -> str:
    return f"one of {', '.join(names)}"
