"""In tables with several key families, a role reaches only those its function needs, by IAM's rules."""

import pytest

from tests.support.policies import allows, asked, statements

ACCESS = "${Tables}/${AccessTable}"
WITHOUT_KEYS = {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:DescribeTable"}
"""Actions without keys. `ForAllValues` is true for an empty set, so a condition on keys does not restrict them."""

WITHOUT_ITEMS = {"dynamodb:DescribeContinuousBackups"}
"""Actions on tables that return no item."""


def conditioned():
    """Yield the function and the statement for each statement with a condition on leading keys."""
    for function, said in statements().items():
        yield from ((function, statement) for statement in said if "LeadingKeys" in str(statement.get("Condition")))


@pytest.mark.parametrize("function", statements())
def test_no_role_reaches_every_key_family_of_the_access_table(function):
    bare = [s for s in statements()[function] if "Condition" not in s and set(s["Action"]) - WITHOUT_ITEMS]
    named = {s["Sid"]: [s["Resource"]] if isinstance(s["Resource"], str) else s["Resource"] for s in bare}
    assert [sid for sid, resources in named.items() if ACCESS in resources] == []


def test_conditions_on_keys_apply_only_to_actions_with_keys():
    found = list(conditioned())
    assert len(found) > 10
    assert [(function, s["Sid"]) for function, s in found if WITHOUT_KEYS & set(s["Action"])] == []
    assert all([*s["Condition"]] in (["ForAllValues:StringLike"], ["ForAllValues:StringEquals"]) for _, s in found)


def item(table, pk):
    return {"TableName": table, "Item": {"pk": {"S": pk}}}


def key(table, pk):
    return {"TableName": table, "Key": {"pk": {"S": pk}}}


def partition(table, pk):
    values = {":pk": {"S": pk}}
    return {"TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values}


@pytest.mark.parametrize(
    ("function", "operation", "arguments"),
    [
        ("tokens_authorizer", "UpdateItem", key("access", "TENANT#acme")),
        ("tokens_authorizer", "GetItem", key("access", "SESSIONS#acme")),
        ("tokens_authorizer", "Scan", {"TableName": "access"}),
        ("tenants_api", "PutItem", item("access", "SIGNING_KEYS")),
        ("tenants_api", "GetItem", key("access", "SESSIONS#acme")),
        ("tenants_api", "UpdateItem", key("access", "TENANT#acme")),
        ("tokens_api", "PutItem", item("access", "KEY#0123456789abcdef")),
        ("tokens_api", "UpdateItem", key("access", "TENANT#acme")),
        ("tokens_rotation", "GetItem", key("access", "KEY#0123456789abcdef")),
        ("tenants_offboarding", "Query", partition("access", "SIGNING_KEYS")),
        ("tenants_offboarding", "DeleteItem", key("access", "TENANT#acme")),
        (
            "tenants_offboarding",
            "BatchWriteItem",
            {
                "RequestItems": {
                    "access": [{"DeleteRequest": {"Key": {"pk": {"S": pk}}}} for pk in ("KEY#1", "TENANT#1")]
                }
            },
        ),
        ("usage_api", "GetItem", key("access", "KEY#0123456789abcdef")),
        ("persons_api", "PutItem", item("access", "KEY#0123456789abcdef")),
        ("batches_api", "Query", partition("registry", "MODEL#iit")),
        ("trials_api", "PutItem", item("registry", "MODELS")),
        ("scoring_api", "UpdateItem", key("usage", "acme")),
        ("scoring_api", "UpdateItem", key("usage", "acme#dec_1")),
        ("batches_chunk", "UpdateItem", key("batches", "acme")),
    ],
)
def test_an_unneeded_key_family_or_action_is_refused(function, operation, arguments):
    (ask,) = asked("dynamodb", operation, arguments)
    assert not allows(function, ask)


def test_a_needed_action_on_its_key_family_is_allowed():
    good = [
        ("tokens_authorizer", "GetItem", key("access", "TENANT#acme")),
        ("tokens_rotation", "GetItem", key("access", "SIGNING_KEYS")),
        ("scoring_api", "UpdateItem", key("usage", "acme#2026-11")),
        ("batches_chunk", "UpdateItem", key("batches", "acme#bat_1")),
    ]
    asks = [(function, ask) for function, *call in good for ask in asked("dynamodb", *call)]
    assert all(allows(function, ask) for function, ask in asks)
