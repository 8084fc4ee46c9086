"""Damaged items of monitoring: each read raises the one error that names the item, and a state is built again."""

import json
import math
import struct
import zlib
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from tests.support.monitored_worlds import FINDING, LAYOUT, MonitoredWorld
from vigil.errors import DamagedData
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.store import DynamoDriftStates
from vigil.monitoring.findings.records_model import FindingDecision
from vigil.monitoring.findings.store import DynamoFindings
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.store import DynamoProgress
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision
from vigil.monitoring.performance.store import DynamoCohorts
from vigil.monitoring.profiles.store import DynamoProfiles
from vigil.monitoring.trials.model import WeighedTrial
from vigil.monitoring.trials.store import DynamoTrials
from vigil.prediction.trials.evidence_model import TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval

PLACE = ("acme", "toy", 3, "single")
DAY, WEEK = "2026-12-01", "2026-W49"
DUE = datetime(2026, 12, 1, tzinfo=UTC)
COHORT = Cohort.of(WEEK, [DueDecision(0.3, True, DUE, "occurred", groups=("sex=male",))], DUE)
EVIDENCE = TrialEvidence("worse", 400, 0.1, 90.5, MeanInterval(0.01, 0.002, 0.02))


class World:
    """Stored items of each kind, and the reads that parse them."""

    def __init__(self, client):
        self.client = client
        self.findings, self.progress = DynamoFindings(client, "monitoring"), DynamoProgress(client, "monitoring")
        self.states = DynamoDriftStates(client, "monitoring", self.findings)
        profiles, cohorts = DynamoProfiles(client, "monitoring"), DynamoCohorts(client, "monitoring")
        trials = DynamoTrials(client, "monitoring")
        world = MonitoredWorld().fill()
        self.profile = next(world.profiles.profiles(*PLACE, "2026-01-01", DAY))
        profiles.put(*PLACE[:3], self.profile)
        cohorts.put(*PLACE, COHORT)
        self.findings.add("acme", "toy", FINDING)
        (record,) = self.findings.findings("acme", "toy")
        decision = FindingDecision("admin:k-1", "Longer visits are intended.", "2026-12-02T08:00:00Z")
        self.findings.decide("acme", record.decide("acknowledged", decision))
        self.progress.put_served("acme", ServedVersion("toy", 3, "single", DAY, DAY, WEEK, WEEK, "2026-12", DAY, WEEK))
        self.progress.put_counted("acme", DAY)
        self.progress.put_due_weeks(*PLACE, DAY, {WEEK: 4})
        trials.put("acme", "toy", 3, WeighedTrial(4, "2026-11-29", EVIDENCE))
        self.reads = {
            "DAY": lambda: list(profiles.profiles(*PLACE, "2026-01-01", DAY)),
            "COHORT": lambda: list(cohorts.cohorts(*PLACE)),
            "FOUND": lambda: list(self.findings.findings("acme", "toy")),
            "SERVED": self._read_served,
            "COUNTED": lambda: self.progress.counted_through("acme"),
            "DUE": lambda: self.progress.due_weeks(*PLACE),
            "TRIAL": lambda: trials.load("acme", "toy", 3),
        }
        self.items = {item["sk"]["S"].partition("#")[0]: item for item in client.scan(TableName="monitoring")["Items"]}

    def _read_served(self):
        for error in self.progress.damaged("acme"):
            raise error

    def read(self, kind, changes):
        """Read an item with other attributes, and store the good one again. `None` removes an attribute."""
        item = {name: value for name, value in (self.items[kind] | changes).items() if value is not None}
        self.client.put_item(TableName="monitoring", Item=item)
        try:
            return self.reads[kind]()
        finally:
            self.client.put_item(TableName="monitoring", Item=self.items[kind])


@pytest.fixture
def world(dynamodb):
    return World(dynamodb)


DOCUMENTS = {
    "DAY": "counts",
    "COHORT": "counts",
    "FOUND": "finding",
    "SERVED": "served",
    "DUE": "weeks",
    "TRIAL": "trial",
}
"""Attribute that contains JSON, by kind of item."""
TEXTS = {"FOUND": ("finding_id", "state", "decided_by", "reason", "decided_at"), "COUNTED": ("day",)}
"""Attributes that are texts, by kind of item."""
OPTIONAL = {"SERVED": {"labels_week", "calibration_week", "groups_month", "uncounted_since", "trials_week"}}
"""Members of documents that may be missing."""


def document_of(item, name):
    value = item[name]
    return json.loads(zlib.decompress(value["B"]) if "B" in value else value["S"])


def attribute(value, document):
    text = json.dumps(document)
    return {"B": zlib.compress(text.encode())} if "B" in value else {"S": text}


def places(value, path=()):
    """Yield the path of each value in a document; of a long array, those of its first and last values."""
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*path, name))
    elif isinstance(value, list):
        for place in sorted({0, 1, len(value) - 1} & set(range(len(value)))):
            yield from places(value[place], (*path, place))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def with_value(document, path, value):
    if not path:
        return value
    changed = deepcopy(document)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def damaged(kind, document):
    """Yield documents that must be refused: wrong types, NaN, negative counts, missing and further members."""
    for path in places(document):
        value = at(document, path)
        yield with_value(document, path, {"x": {"y": 1}} if not isinstance(value, dict) else "x")
        if type(value) in {int, float}:
            yield with_value(document, path, math.nan)
        if type(value) is int:
            yield with_value(document, path, -1)
            yield with_value(document, path, True)
    if isinstance(document, list):
        yield document[:-1]
        yield [*document, 1]
        return
    yield document | {"extra": 1}
    for name in () if kind == "DUE" else document.keys() - OPTIONAL.get(kind, set()):
        yield {other: value for other, value in document.items() if other != name}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_damaged_document_is_refused_with_the_name_of_its_item(world, kind):
    name, item = DOCUMENTS[kind], world.items[kind]
    documents = [attribute(item[name], each) for each in damaged(kind, document_of(item, name))]
    assert len(documents) > 2
    for each in documents:
        with pytest.raises(DamagedData, match=f"^{item['sk']['S']} of .* An operator must delete"):
            world.read(kind, {name: each})


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_cut_further_and_missing_bytes_are_refused(world, kind):
    name, item = DOCUMENTS[kind], world.items[kind]
    (form, content), other = *item[name].items(), {"N": "5"}
    end = b"x" if form == "B" else "x"
    for each in (*(content[:size] for size in range(0, len(content), 7)), content + end):
        with pytest.raises(DamagedData):
            world.read(kind, {name: {form: each}} if each else {name: None})
    with pytest.raises(DamagedData):
        world.read(kind, {name: other})


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in TEXTS.items() for name in names])
def test_damaged_attributes_are_refused(world, kind, name):
    changes = [{"N": "5"}]
    changes += [None] if name in {"finding_id", "state", "day", "decided_at"} else []
    changes += [{"S": "open"}, {"S": "x"}] if name == "state" else []
    changes += [{"S": "yesterday"}] if name in {"day", "decided_at"} else []
    for each in changes:
        with pytest.raises(DamagedData, match=f"^{world.items[kind]['sk']['S']} of "):
            world.read(kind, {name: each})


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("DAY", (1,), "2026-13-01"),
        ("DAY", (6, 0), [1] * 63),
        ("DAY", (11,), [[1, 2, 3]]),
        ("COHORT", (0,), "2026-W60"),
        ("COHORT", (1, 0), {"64": 1}),
        ("FOUND", ("day",), "today"),
        ("FOUND", ("kind",), "other"),
        ("SERVED", ("labels_week",), "2026-11"),
        ("SERVED", ("uncounted_since",), "later"),
        ("DUE", (), {"2026-54": 1}),
        ("TRIAL", ("day",), "2026-02-30"),
    ],
)
def test_a_value_that_is_no_day_week_or_bin_is_refused(world, kind, path, value):
    name, item = DOCUMENTS[kind], world.items[kind]
    changed = with_value(document_of(item, name), path, value)
    with pytest.raises(DamagedData):
        world.read(kind, {name: attribute(item[name], changed)})


COUNTS = {
    "DAY": [
        *((3,), (4,), (5, 0, 0), (5, 0, -1), (6, 0, 0), (7, "low"), (8, "wait"), (9, "missing"), (10, "linear"), (11,)),
        *((12, "sex=male", place) for place in range(3)),
    ],
    "COHORT": [
        *((1, part, "28") for part in range(6)),
        *((1, 6, place) for place in range(8)),
        *((3, "sex=male", place) for place in range(1, 8)),
    ],
}
"""Counts by kind of item; each is a part of another count. The decisions of a day (3) are at least the counted ones."""


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in COUNTS.items() for path in paths])
def test_counts_that_contradict_each_other_are_refused(world, kind, path):
    name, item = DOCUMENTS[kind], world.items[kind]
    document = document_of(item, name)
    is_total = (kind, path) == ("DAY", (3,))
    for value in (0 if is_total else 10**9, 10**400):
        changed = with_value(document, path, [[1, value]] if path == (11,) else value)
        with pytest.raises(DamagedData):
            world.read(kind, {name: attribute(item[name], changed)})


OTHER_KEYS = {
    "DAY": "DAY#3#single#2026-11-30",
    "COHORT": "COHORT#3#single#2026-W50",
    "FOUND": f"FOUND#{FINDING.day}#fnd-{'0' * 32}",
    "SERVED": "SERVED#toy#4#single",
}
"""Sort key of another item, by kind of item whose content names its key."""


@pytest.mark.parametrize("kind", OTHER_KEYS)
def test_an_item_under_the_key_of_another_one_is_refused(world, kind):
    with pytest.raises(DamagedData, match=f"^{OTHER_KEYS[kind]} of .* content of another item"):
        world.read(kind, {"sk": {"S": OTHER_KEYS[kind]}})


def test_a_finding_of_another_version_is_refused(world):
    changed = with_value(document_of(world.items["FOUND"], "finding"), ("version",), FINDING.version + 1)
    with pytest.raises(DamagedData, match="content of another item"):
        world.read("FOUND", {"finding": {"S": json.dumps(changed)}})


def checked(content):
    """Return the bytes of a state with their checksum."""
    return content + zlib.crc32(content).to_bytes(4, "big")


def test_a_damaged_state_is_built_again(world):
    state, _ = DriftJudge(3, "single", LAYOUT).advance(DriftJudge(3, "single", LAYOUT).start(), world.profile)
    world.states.save(*PLACE, state, ())
    (item,) = (
        each for each in world.client.scan(TableName="monitoring")["Items"] if each["sk"]["S"].startswith("STATE")
    )
    good = item["state"]["B"]
    content = good[:-4]
    nan, far = map(checked, (content[:-4] + struct.pack("<f", math.nan), content[:1] + b"\xff" * 9 + content[1:]))
    for each in (*(good[:size] for size in range(1, len(good), 11)), good + b"\0", nan, far):
        world.client.put_item(TableName="monitoring", Item=item | {"state": {"B": each}})
        assert (found := world.states.load(*PLACE)).sensors == ()
        assert (found.revision, found.after) == (0, 0)
    world.client.put_item(TableName="monitoring", Item=item | {"state": {"B": nan}, "after": {"N": "99999999"}})
    with pytest.raises(DamagedData, match=r"^STATE#3#single# of toy"):
        world.states.load(*PLACE)
