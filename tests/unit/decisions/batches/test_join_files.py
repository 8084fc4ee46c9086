"""Join files: equal bytes for equal rows, readable with the tenant's key only, and short-lived."""

import json
import math
import zlib
from array import array
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.scoring import CONTRACT
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.join_model import KEPT_DAYS, JoinFile, days_left, kept_days, kept_features
from vigil.decisions.batches.join_sealing import open_rows, seal_rows
from vigil.decisions.batches.model import Batch
from vigil.errors import Unavailable
from vigil.kernel.time import format_week
from vigil.prediction.engines.contract import MAX_DUE_DAYS, Label
from vigil.prediction.engines.group_attributes import GroupAttribute

AS_OF = "2026-03-01T12:00:00.000000Z"
DUE = Label("trouble", "Trouble.", 1, grace_days=28, due_feature="visits", settling_days=45)
ROW = st.tuples(
    st.integers(0, 2),
    st.one_of(st.just(math.nan), st.floats(0, 1, width=32)),
    st.one_of(st.just(math.nan), st.integers(0, 50).map(float)),
    st.sampled_from(("", "p-1", "p-2")),
    st.integers(0, 2),
    st.sampled_from((None, "2026-01-01T00:00:00.000000Z")),
)


def file_of(rows, label=DUE):
    codes, probabilities, visits, names, groups, times = zip(*rows, strict=True)
    return JoinFile(
        model="toy", version=3, label=replace(label, definition=""), bands=("low", "high"), flagged=("high",),
        as_of=AS_OF, first_row=11, probabilities=array("f", probabilities), band_codes=bytes(codes),
        subject_ids=names, features={"visits": array("d", visits)},
        own_as_of={place: moment for place, moment in enumerate(times) if moment},
        group_values={"sex": ("female", "male")}, group_codes={"sex": bytes(groups)},
    )  # fmt: skip


FILES = st.lists(ROW, min_size=1, max_size=8).map(file_of)
FILE = file_of([(1, 0.25, 30.0, "p-1", 2, None), (0, math.nan, math.nan, "", 0, None), (2, 0.75, 7.0, "p-2", 0, None)])


@given(FILES)
def test_a_file_is_read_back_with_the_same_bytes(file):
    again = JoinFile.from_bytes(file.to_bytes())
    assert again.to_bytes() == file.to_bytes()
    assert seal_rows(again, tenant_key("acme"), "bat_1") == seal_rows(file, tenant_key("acme"), "bat_1")
    assert repr(list(again.rows())) == repr(list(file.rows()))


@given(FILES)
def test_due_weeks_count_each_row_in_the_week_of_its_label(file):
    dues = [row.due_at for row in file.rows() if row.due_at]
    assert file.due_weeks() == Counter(format_week(due.astimezone(UTC)) for due in dues)


def test_a_row_has_its_label_and_groups():
    row = FILE.find(11)
    as_of = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert (row.due_at, row.is_flagged, row.groups) == (as_of + timedelta(days=30 + 28 + 45), False, {"sex": "male"})
    assert (FILE.find(13).is_flagged, FILE.find(13).groups) == (True, {})
    assert [FILE.find(number) for number in (10, 12, 14)] == [None, None, None]


@pytest.mark.parametrize("damage", [lambda s: s[:-1], lambda s: bytes([s[0] ^ 1]) + s[1:], lambda _: b""])
def test_a_damaged_file_is_refused(damage):
    with pytest.raises(Unavailable):
        open_rows(damage(seal_rows(FILE, tenant_key("acme"), "bat_1")), tenant_key("acme"), "bat_1")


def packed(header):
    """Return the bytes of a file with this header and without columns."""
    part = zlib.compress(json.dumps(header).encode() + b"\n")
    return len(part).to_bytes(4, "big") + part


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x00\x04none",
        packed([]),
        packed({}),
        packed({"format": 1}),
        packed({"format": 1, "rows": "3"}),
        packed({"format": 1, "rows": 0, "label": {}, "own_as_of": []}),
        packed({"format": 2}),
    ],
)
def test_a_sealed_file_of_another_form_is_refused(content):
    sealed = seal_rows(SimpleNamespace(to_bytes=lambda: content), tenant_key("acme"), "bat_1")
    with pytest.raises(Unavailable):
        open_rows(sealed, tenant_key("acme"), "bat_1")


@pytest.mark.parametrize(("tenant", "batch"), [("globex", "bat_1"), ("acme", "bat_2")])
def test_a_file_of_another_tenant_or_batch_is_refused(tenant, batch):
    sealed = seal_rows(FILE, tenant_key("acme"), "bat_1")
    assert b"p-1" not in sealed
    with pytest.raises(Unavailable):
        open_rows(sealed, tenant_key(tenant), batch)


def test_an_erased_row_keeps_its_number_and_then_loses_its_subject():
    marked = FILE.without({0}, "2026-03-02T00:00:00.000000Z")
    assert (marked.find(11).is_erased, marked.find(11).probability, marked.find(11).groups) == (True, None, {})
    assert math.isnan(marked.features["visits"][0])
    assert marked.subject_ids == ("p-1", "", "p-2")
    clean = marked.unlinked({0})
    assert (clean.subject_ids, clean.find(11).is_erased) == (("", "", "p-2"), True)
    assert repr(clean.find(13)) == repr(FILE.find(13))


def test_late_labels_need_the_due_feature_and_sources_of_groups():
    age = GroupAttribute("age_band", ("young", "old"), source="age", cuts=(40.0,))
    assert kept_features(replace(CONTRACT, label=DUE, groups=(age,))) == ("age", "visits")
    assert kept_features(CONTRACT) == ()


@pytest.mark.parametrize(
    ("label", "days"),
    [
        (Label("t", "T.", 1, 1), 32),
        (Label("t", "T.", 1, 28), 64),
        (Label("t", "T.", 1, 28, 28, None, 45), 256),
        (DUE, 256),  # at most 50 visits
        (Label("t", "T.", 1), 512),
        (Label("t", "T.", 1, 20_000), KEPT_DAYS[-1]),
        (Label("t", "T.", 1, due_feature="weight"), KEPT_DAYS[-1]),
    ],
)
def test_a_file_lives_until_its_last_label_and_a_month_more(label, days):
    unbounded = replace(CONTRACT.features[0], name="weight", maximum=None)
    assert kept_days(replace(CONTRACT, label=label, features=(*CONTRACT.features, unbounded))) == days


def test_a_rewritten_file_lives_no_longer_than_its_labels_need():
    as_of = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert [days_left(FILE, as_of + timedelta(days=days)) for days in (0, 75, 1_000)] == [256, 64, 32]
    assert days_left(replace(FILE, label=Label("t", "T.", 1)), as_of) == 512
    assert max(KEPT_DAYS) >= MAX_DUE_DAYS + 31


def test_the_key_of_a_join_file_follows_that_of_the_part():
    batch = Batch("acme", "bat_1", "toy", "csv", "running", AS_OF, "c", "f", 0)
    whole = Chunk(ChunkRange(3, 0, 9, 31, 10), "done", part_sha256="0123456789abcdef01")
    assert batch.join_key(whole) == "joins/acme/bat_1/000003"
    assert batch.join_key(replace(whole, lost=((31, 31),))) == "joins/acme/bat_1/000003.0123456789abcdef"
