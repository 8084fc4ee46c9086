"""Flags: sticky buckets, growing percentages, and the same result from Powertools and plain Python."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.flags import reference_evaluator
from vigil.access.flags.model import BUCKET_COUNT, EXPLAIN_HIGH_RISK, KNOWN_FLAGS, Flag, FlagSet
from vigil.access.flags.store import powertools_evaluator

TENANTS = ("acme", "globex", "initech")
names = st.sampled_from(["new-page", "beta", EXPLAIN_HIGH_RISK])
some = st.lists(st.sampled_from(TENANTS), unique=True).map(tuple)
flags = st.builds(
    Flag,
    name=names,
    description=st.just("d"),
    stages=st.lists(st.sampled_from(["local", "prod"]), unique=True).map(tuple),
    percentage=st.integers(0, BUCKET_COUNT).map(lambda n: n / 100),
    sticky=st.sampled_from(["tenant", "subject"]),
    allow=some,
    deny=some,
)
contexts = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["local", "prod"]),
        "tenant_id": st.sampled_from(TENANTS),
        "bucket": st.integers(0, BUCKET_COUNT - 1),
    }
)


@given(flags, contexts)
def test_powertools_evaluates_a_flag_as_its_definition_says(flag, context):
    flag_set = FlagSet().with_flag(flag)
    assert powertools_evaluator(flag_set)(flag.name, context) is reference_evaluator(flag_set)(flag.name, context)


@given(flags, st.integers(0, BUCKET_COUNT), st.text(), contexts)
def test_a_larger_percentage_never_turns_a_flag_off(flag, more, subject, context):
    wider = replace(flag, percentage=max(flag.percentage, more / 100))
    where = context | {"bucket": flag.bucket(context["tenant_id"], subject)}
    assert wider.bucket(context["tenant_id"], subject) == where["bucket"]
    before, after = (reference_evaluator(FlagSet().with_flag(f))(f.name, where) for f in (flag, wider))
    assert after or not before


def test_a_percentage_selects_an_independent_share_per_flag():
    first, second = (Flag(name, "d", sticky="subject") for name in ("one", "two"))
    subjects = [f"p-{number}" for number in range(20_000)]
    selected = [{s for s in subjects if flag.bucket("acme", s) < BUCKET_COUNT // 10} for flag in (first, second)]
    assert all(0.09 < len(chosen) / len(subjects) < 0.11 for chosen in selected)
    assert 0.005 < len(selected[0] & selected[1]) / len(subjects) < 0.015


def test_a_tenant_sticky_flag_ignores_the_subject():
    assert len({Flag("one", "d").bucket("acme", f"p-{number}") for number in range(100)}) == 1
    assert len({Flag("one", "d", sticky="subject").bucket("acme", f"p-{number}") for number in range(100)}) > 90


@given(st.lists(flags, unique_by=lambda flag: flag.name))
def test_a_set_survives_json_and_its_digest_ignores_the_order(defined):
    flag_set = FlagSet()
    for flag in defined:
        flag_set = flag_set.with_flag(flag)
    assert FlagSet.from_json(flag_set.version, flag_set.to_json()) == flag_set
    again = FlagSet()
    for flag in reversed(defined):
        again = again.with_flag(flag)
    assert again.digest() == flag_set.digest()
    assert [flag.name for flag in flag_set.all_flags()] == sorted({flag.name for flag in defined} | KNOWN_FLAGS.keys())


@pytest.mark.parametrize("document", ["", "{}x", "[1]", '[{"name": "a"}]', '[{"name":"a","extra":1}]', "3"])
def test_a_malformed_document_is_rejected(document):
    with pytest.raises((ValueError, TypeError, KeyError)):
        FlagSet.from_json(1, document)


def test_a_known_flag_without_definition_is_off():
    flag = FlagSet().find(EXPLAIN_HIGH_RISK)
    assert flag.percentage == 0
    assert flag.stages == flag.allow == ()
    assert FlagSet().find("nothing") is None


def test_the_etag_changes_with_the_definition():
    flag = Flag("one", "d")
    assert flag.etag() == Flag("one", "d").etag() != replace(flag, percentage=1).etag()
