"""Groups of a decision: given with the request, or derived from its features."""

import json
from collections.abc import Mapping

from vigil.decisions.scoring.group_sealing import open_groups, seal_groups
from vigil.decisions.scoring.groups_model import SubjectGroups
from vigil.decisions.scoring.model import LedgerRow
from vigil.kernel.pseudonyms import TenantKey
from vigil.kernel.values import value
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.group_attributes import GroupAttribute


@value
class GivenGroups:
    """Groups of a request, and the attributes of the model that has checked them."""

    attributes: tuple[GroupAttribute, ...]
    values: Mapping[str, str]

    def plain(self) -> str:
        """Return the groups of attributes that are not sealed, which a row stores in plain, as a JSON object."""
        sealed = {attribute.name for attribute in self.attributes if attribute.is_sealed}
        return json.dumps({name: value for name, value in self.values.items() if name not in sealed})

    def seal(self, key: TenantKey, decision_id: str) -> bytes:
        """Return the groups of sealed attributes, encrypted for one decision; empty without a sealed attribute."""
        return seal_groups(self.attributes, self.values, key, decision_id)


def read_given_groups(contract: ModelContract, groups: Mapping[str, object] | None) -> GivenGroups:
    """Return the groups of a request; None means none. Raises InvalidInput as `SubjectGroups.read`."""
    return GivenGroups(contract.groups, SubjectGroups(contract).read(groups))


def given_groups_of(row: LedgerRow, key: TenantKey) -> dict[str, str]:
    """Return the groups that were given with a decision, by attribute, also the sealed ones.

    Raises Unavailable for a damaged row, and for the key of another tenant.
    """
    plain: dict[str, str] = json.loads(row.groups)
    return plain | open_groups(row.sealed_groups, key, row.decision_id)


def groups_of(row: LedgerRow, contract: ModelContract, key: TenantKey) -> dict[str, str]:
    """Return the value of each attribute of a decision, also of a derived or sealed attribute, for counts only.

    `contract` is the one of the version that decided. An attribute without a value is left out: it was not given, or
    its feature is missing. Raises Unavailable for a damaged row, and for the key of another tenant.
    """
    if not contract.groups:
        return {}
    groups = SubjectGroups(contract)
    return groups.known(given_groups_of(row, key)) | groups.derive(contract.encode(json.loads(row.inputs)))
