"""A batch row gets the decision of POST /v1/scores on the fast and on the slow path."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.batch_rows import parse_rows
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import CONTRACT, GROUPS, FakeLedger, FakeModels, LinearEngine, ToyModel, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from vigil.access.flags.model import EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT, Switches
from vigil.decisions.batches import fast_rows
from vigil.decisions.batches.parsing import build_reader
from vigil.decisions.batches.results import answer_cells
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.batch_scorer import BatchScorer
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.schemas import are_plain_subject_ids, is_plain_subject_id, parse_subject
from vigil.decisions.scoring.service import Scoring
from vigil.errors import InvalidInput
from vigil.prediction.engines.boosting import BoostedEngine
from vigil.prediction.engines.ensemble import Abstention, Band, Ensemble
from vigil.prediction.engines.votes import Calibration, EngineSpec, logit, logits, sigmoid, sigmoids

pytestmark = pytest.mark.usefixtures("own_libraries")

NOT_OF_A_ROW = ("decision_id", "created_at", "explanation", "base_value")
NAMES = [spec.name for spec in CONTRACT.features]


def plain(contract=CONTRACT, **changes):
    contract = replace(contract, **changes)
    (spec,) = contract.engines
    engine = BoostedEngine(LinearEngine(), spec, contract.ensemble.positive_from, "linear")
    return ToyModel(contract=contract, engines={spec.name: engine})


RULE = Abstention(alpha=0.1, delta=0.1, threshold=0.3, accepted_error_bound=0.08, coverage=0.9)
ENGINE = EngineSpec("linear", "lightgbm", "linear.txt", None, Calibration(2.0, -0.5))
MODELS = {
    "plain": plain(),
    "certified": plain(abstention=RULE),
    "missed": plain(abstention=replace(RULE, harm="missed", threshold=0.2)),
    "calibrated": plain(engines=(ENGINE,), ensemble=Ensemble({"linear": 0.7}, positive_from=0.4, intercept=0.3)),
    "specialist": plain(engines=(replace(ENGINE, specialist=True),)),
    "unanimous": plain(ensemble=Ensemble({"linear": 1.0}, positive_from=0.5, intercept=1.0, policy="unanimity")),
    "bands": plain(bands=(Band("low", 0.0, "wait"), Band("some", 0.45, "ask"), Band("high", 0.5000001, "call 100%"))),
    "essential": plain(features=tuple(replace(f, missing="abstain") for f in CONTRACT.features)),
    "grouped": plain(groups=GROUPS),
    "never missing": replace(plain(), never_missing=(1, 2)),
    "uncalibrated": plain(engines=(replace(ENGINE, calibration=None),)),
    "two engines": ToyModel(
        contract=replace(
            CONTRACT,
            engines=(
                ENGINE,
                replace(ENGINE, name="other", file="other.txt", features=("age", "visits", "urban", "stage")),
            ),
            ensemble=Ensemble({"linear": 1.0, "other": 1.0}, positive_from=0.5),
        ),
        engines={"linear": LinearEngine(), "other": LinearEngine()},
    ),
    "engine away": ToyModel(engines={}),
}

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 120), st.floats(-5, 120), st.sampled_from(["I", "III", "", "x", 10**400]),
    st.floats(allow_nan=True), st.lists(st.integers(), max_size=1),
)  # fmt: skip
FEATURES = st.dictionaries(st.sampled_from([*NAMES, "colour"]), VALUES, max_size=5)
GOOD = st.fixed_dictionaries(
    {
        "age": st.floats(0, 100),
        "visits": st.integers(0, 50),
        "urban": st.booleans(),
        "stage": st.sampled_from(["I", "II"]),
    }
)
GIVEN = st.sampled_from(
    [None, {}, {"sex": "male"}, {"sex": None, "region": "east"}, {"sex": "x", "age_band": "50+"}, []]
)
NAMED = st.sampled_from(["p-1", "@a", "-1", "", "a b", "%s", 7])
MOMENTS = st.sampled_from(["2026-01-01T00:00:00Z", "x", None])
ROWS = st.one_of(
    st.fixed_dictionaries({"subject_id": NAMED, "features": FEATURES | GOOD}),
    st.fixed_dictionaries({"subject_id": st.just("p-1"), "features": GOOD, "as_of": MOMENTS}),
    st.fixed_dictionaries({"subject_id": NAMED, "features": FEATURES | GOOD, "groups": GIVEN}),
    st.sampled_from([None, [], "x", {}, {"subject_id": "p"}, {"subject_id": "p", "features": {}, "explain": True}]),
    st.just({"subject_id": "p", "features": None}),
)  # fmt: skip


def asked_alone(model, document, clock):
    """Return the decision of POST /v1/scores for a row, or its errors."""
    scoring = Scoring(
        FakeModels({"toy": model}), VisitCount, FakeLedger(), clock, timedelta(hours=1), switches, keys=tenant_key
    )
    try:
        body = parse_subject(document)
        request = ScoreRequest("toy", body.subject_id, body.features, body.history, body.as_of, groups=body.groups)
        decision = json.loads(scoring.score("acme", request).row.body)
    except InvalidInput as error:
        return error.errors
    return {name: value for name, value in decision.items() if name not in NOT_OF_A_ROW}


def switches(tenant_id, subject_id):
    """Return flags that are on for some subjects of a tenant."""
    return Switches("sha256:0", (EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT) if len(subject_id) % 2 else ())


def in_bulk(model, documents, clock, write=serialize.result_members):
    read = build_reader("ndjson", (), model.contract, fast_rows.build_fast_reader)
    rows = [row for document in documents for _, row in parse_rows(read, json.dumps(document).encode())]
    scorer = BatchScorer(model, VisitCount, clock(), (), write, partial(switches, "acme"))
    answers = scorer.answer_rows(rows).texts
    return [answer.errors if isinstance(answer, InvalidInput) else answer for answer in answers]


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40)
@given(st.lists(ROWS, max_size=12))
def test_a_row_gets_the_decision_of_a_request(name, documents):
    clock = Clock()
    found = [json.loads("{" + a) if isinstance(a, str) else a for a in in_bulk(MODELS[name], documents, clock)]
    assert found == [asked_alone(MODELS[name], document, clock) for document in documents]


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40)
@given(st.lists(ROWS, max_size=8))
def test_a_csv_line_has_the_same_decision(name, documents):
    model, clock, write = MODELS[name], Clock(), answer_cells
    one_by_one = []
    for document in documents:
        one_by_one += in_bulk(replace_lone(model), [document], clock, write)
    assert [numbers(a) for a in in_bulk(model, documents, clock, write)] == [numbers(a) for a in one_by_one]


def replace_lone(model):
    """The same model without an only engine, so that every row is scored alone."""

    class NotAlone(ToyModel):
        def only_engine(self):
            return None

    return NotAlone(model.name, model.version, model.digest, model.contract, model.engines)


def numbers(line):
    """Return a line with parsed numbers: 1e-7 and 1e-07 are equal."""
    if not isinstance(line, str):
        return line
    return [float(cell) if i in {1, 2} and cell else cell for i, cell in enumerate(line.split(","))]


def test_rows_of_one_engine_are_scored_in_one_call():
    engine = LinearEngine()
    calls = []
    engine.raw_scores = lambda rows, count: calls.append(count) or LinearEngine.raw_scores(engine, rows, count)
    model = ToyModel(engines={"linear": engine})
    documents = [{"subject_id": "p", "features": {"age": n, "visits": None, "urban": True}} for n in range(100)]
    in_bulk(model, documents, Clock())
    assert calls == [100]


def test_plain_rows_need_an_object_per_kind_of_answer_only(monkeypatch):
    built = []
    get = EncodedRows.__getitem__
    monkeypatch.setattr(EncodedRows, "__getitem__", lambda rows, place: built.append(place) or get(rows, place))
    model, lines = MODELS["bands"], [b'{"subject_id":"p","features":{"age":%d}}' % (n % 90) for n in range(500)]
    read = build_reader("ndjson", (), model.contract, fast_rows.build_fast_reader)
    (step,) = read(b"\n".join(lines))
    answers = BatchScorer(model, VisitCount, Clock()(), (), serialize.result_members).answer_rows(step.subjects).texts
    assert all(isinstance(answer, str) for answer in answers)
    assert 1 <= len(built) <= 3  # one for each band


def test_rows_without_as_of_use_the_time_of_the_batch():
    asked = datetime(2026, 3, 1, tzinfo=UTC)
    (answer,) = (
        BatchScorer(ToyModel(), VisitCount, asked, (), serialize.result_members)
        .answer_rows([{"subject_id": "p", "features": {"age": 1}}])
        .texts
    )
    assert json.loads("{" + answer)["as_of"] == "2026-03-01T00:00:00.000000Z"


@given(
    st.lists(
        st.one_of(st.from_regex(r"[A-Za-z0-9._:@\n-]{0,4}"), st.sampled_from(["p", "a" * 128, "a" * 129])), max_size=4
    )
)
def test_subject_ids_are_plain_together_if_each_one_is(names):
    assert are_plain_subject_ids(names) == all(map(is_plain_subject_id, names))


@given(st.lists(st.one_of(st.floats(allow_nan=False), st.floats(0, 1), st.floats(-40, 40))))
def test_many_log_odds_and_probabilities_equal_single_ones(numbers):
    assert sigmoids(numbers) == list(map(sigmoid, numbers))
    assert logits(numbers) == list(map(logit, numbers))
