"""Whom a flag is on for: sticky, growing without loss, the same by Powertools' rules and in plain words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.flags import plainly
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
def test_powertools_evaluates_what_the_definition_says(flag, context):
    held = FlagSet().with_flag(flag)
    assert powertools_evaluator(held)(flag.name, context) is plainly(held)(flag.name, context)


@given(flags, st.integers(0, BUCKET_COUNT), st.text(), contexts)
def test_whoever_is_in_stays_in_as_the_percentage_grows(flag, more, subject, context):
    wider = replace(flag, percentage=max(flag.percentage, more / 100))
    where = context | {"bucket": flag.bucket(context["tenant_id"], subject)}
    assert wider.bucket(context["tenant_id"], subject) == where["bucket"]
    before, after = (plainly(FlagSet().with_flag(f))(f.name, where) for f in (flag, wider))
    assert after or not before


def test_a_percentage_is_that_share_of_the_subjects_and_another_one_for_another_flag():
    first, second = (Flag(name, "d", sticky="subject") for name in ("one", "two"))
    subjects = [f"p-{number}" for number in range(20_000)]
    drawn = [{s for s in subjects if flag.bucket("acme", s) < BUCKET_COUNT // 10} for flag in (first, second)]
    assert all(0.09 < len(chosen) / len(subjects) < 0.11 for chosen in drawn)
    assert 0.005 < len(drawn[0] & drawn[1]) / len(subjects) < 0.015


def test_a_flag_that_sticks_to_tenants_does_not_look_at_the_subject():
    assert len({Flag("one", "d").bucket("acme", f"p-{number}") for number in range(100)}) == 1
    assert len({Flag("one", "d", sticky="subject").bucket("acme", f"p-{number}") for number in range(100)}) > 90


@given(st.lists(flags, unique_by=lambda flag: flag.name))
def test_a_set_is_read_as_it_was_written_and_named_by_its_content(defined):
    held = FlagSet()
    for flag in defined:
        held = held.with_flag(flag)
    assert FlagSet.from_json(held.version, held.to_json()) == held
    again = FlagSet()
    for flag in reversed(defined):
        again = again.with_flag(flag)
    assert again.digest() == held.digest()
    assert [flag.name for flag in held.all_flags()] == sorted({flag.name for flag in defined} | KNOWN_FLAGS.keys())


@pytest.mark.parametrize("document", ["", "{}x", "[1]", '[{"name": "a"}]', '[{"name":"a","extra":1}]', "3"])
def test_any_other_document_is_refused(document):
    with pytest.raises((ValueError, TypeError, KeyError)):
        FlagSet.from_json(1, document)


def test_a_known_flag_exists_and_is_off_before_anybody_defines_it():
    flag = FlagSet().find(EXPLAIN_HIGH_RISK)
    assert flag.percentage == 0
    assert flag.stages == flag.allow == ()
    assert FlagSet().find("nothing") is None


def test_a_tag_changes_with_the_definition():
    flag = Flag("one", "d")
    assert flag.etag() == Flag("one", "d").etag() != replace(flag, percentage=1).etag()
