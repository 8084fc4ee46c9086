"""Tests of packed trees that split on categories: LightGBM's meaning of every code, versions, and refused texts."""

import json
import math
import struct
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from models.model_trees import NotPacked, read_model
from models.packed import TOLERANCE, checked_table
from models.packing import pack_table, split_values
from tests.support.lightgbm_models import NAMES, WITH_CATEGORIES, train
from vigil.errors import ModelRefused
from vigil.prediction.engines import trees

pytestmark = pytest.mark.usefixtures("own_libraries")

FIRST_VERSION = Path(__file__).with_name("first_table_version.json")
ODD_CODES = (
    -0.0, -1e-300, -0.5, math.nextafter(-1, 0), -1.0, -1.5, -7.0, 0.99, 7.5, 31.0, 31.99, 32.0, 63.0, 64.0, 95.5, 96.0,
    199.0, 200.0, 201.0, 1e4, 2.0**31 - 1, 2.0**31, 2.0**32, 2.0**32 + 3, 2.0**63, 2.0**64, -(2.0**31), -(2.0**31) - 1,
    1e300, -1e300, 5e-324, 1e-35, math.inf, -math.inf, math.nan,
)  # fmt: skip


def of_codes(codes, **settings):
    """Return a model whose columns are a category with this many codes, another with 5, and a number."""
    random = np.random.default_rng(codes)
    effect = random.normal(size=codes)
    rows = np.column_stack([random.integers(0, n, 6_000) for n in (codes, 5)] + [random.normal(size=6_000)])
    label = effect[rows[:, 0].astype(int)] + (rows[:, 1] == 3) + rows[:, 2] + random.normal(size=len(rows)) > 0
    rows[random.random(rows.shape) < 0.05] = np.nan
    data = lightgbm.Dataset(rows, label.astype(float), categorical_feature=[0, 1])
    fixed = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 1, "min_data_per_group": 2}
    booster = lightgbm.train({**fixed, "cat_smooth": 0.5, "num_leaves": 31, **settings}, data, 30)
    return booster.model_to_string().encode(), booster


@pytest.fixture(scope="module", params=[3, 32, 33, 200], ids="{} codes".format)
def of_many(request):
    text, booster = of_codes(request.param)
    return trees.load(pack_table(text), text, 3), booster


@pytest.fixture(scope="module")
def categories():
    return train(**WITH_CATEGORIES)


def test_every_odd_code_gets_the_score_of_the_package(of_many):
    engine, booster = of_many
    rows = np.array([(first, second, 0.3) for first in ODD_CODES for second in (*ODD_CODES, 3.0)])
    expected = booster.predict(rows, raw_score=True, num_threads=1).tolist()
    assert [engine.raw_score(row) for row in rows.tolist()] == expected
    assert list(engine.raw_scores(rows, len(rows))) == expected


def test_every_odd_code_gets_the_contributions_of_the_package(of_many):
    engine, booster = of_many
    rows = np.array([(code, other, -0.2) for code in ODD_CODES for other in (3.0, math.nan)])
    expected = booster.predict(rows, pred_contrib=True, num_threads=1)
    for row, values in zip(rows.tolist(), expected.tolist(), strict=True):
        contributions, base = engine.contributions(row)
        assert [*contributions, base] == pytest.approx(values, abs=TOLERANCE * max(1, *map(abs, values)))


def test_every_code_of_training_gets_the_score_of_the_package(of_many):
    engine, booster = of_many
    rows = np.array([(code, other, 0.1) for code in range(-2, 230) for other in range(-1, 7)], float)
    assert list(engine.raw_scores(rows, len(rows))) == booster.predict(rows, raw_score=True, num_threads=1).tolist()


@pytest.mark.parametrize("settings", [{"max_cat_to_onehot": 64}, {"max_cat_to_onehot": 1}], ids=["one", "many"])
def test_one_hot_and_larger_sets_pass_the_comparison(settings):
    text, booster = of_codes(30, **settings)
    sizes = {codes.bit_count() for tree in read_model(text)[1] for codes in tree.sets}
    assert (sizes == {1}) == (settings["max_cat_to_onehot"] == 64)
    assert checked_table(text, booster.feature_name(), []) == pack_table(text)


def test_only_a_table_with_categories_has_version_2(categories, numeric):
    assert pack_table(categories.text)[:8] == b"VGLTREE2"
    assert pack_table(numeric.text)[:8] == b"VGLTREE1"


def test_a_table_of_an_unknown_version_is_refused(categories):
    with pytest.raises(ModelRefused, match="header") as refused:
        trees.load(b"VGLTREE3" + pack_table(categories.text)[8:], categories.text, len(NAMES))
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("version", [b"VGLTREE1", b"VGLTREE2"])
def test_a_table_of_the_other_version_is_refused(categories, numeric, version):
    model = categories if version == b"VGLTREE1" else numeric
    with pytest.raises(ModelRefused, match="size") as refused:
        trees.load(version + pack_table(model.text)[8:], model.text, len(NAMES))
    assert refused.value.reason == "malformed"


def test_a_table_of_the_first_version_gives_the_same_bits_as_then():
    """The file has a model, its table and answers as the release before version 2 gave them."""
    stored = json.loads(FIRST_VERSION.read_text())
    text, table = stored["model"].encode(), bytes.fromhex(stored["table"])
    assert pack_table(text) == table
    engine = trees.load(table, text, stored["width"])
    for answer in stored["answers"]:
        row = [float.fromhex(value) for value in answer["row"]]
        contributions, base = engine.contributions(row)
        assert [value.hex() for value in (engine.raw_score(row), *contributions, base)] == answer["values"]


def _sections(table):
    """Return the offset of the categories of a table."""
    _, slots, count, nodes = struct.unpack_from("<4I", table, 40)
    return 56 + 20 * nodes + 4 * slots + 4 * count


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (0, 0, "its size"),
        (0, 1, "its size"),
        (0, 1 << 30, "its sets"),
        (4, 0, "its sets"),
        (4, 1 << 16, "its sets"),
        (4, 1, "its sets"),
        (8, 0, "its sets"),
        (8, 1 << 31, "its sets"),
        (8, 1 << 12, "its size"),
        (8, 1, "its sets"),
    ],
)
def test_invalid_numbers_of_categories_are_refused(categories, offset, value, words):
    """The numbers are the count of features, and the sets and codes of the first one."""
    table = bytearray(pack_table(categories.text))
    struct.pack_into("<I", table, _sections(table) + offset, value)
    with pytest.raises(ModelRefused, match=words) as refused:
        trees.load(bytes(table), categories.text, len(NAMES))
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"\ncat_boundaries=0 ", b"\ncat_boundaries=1 ", "categorical"),
        (b"\ncat_boundaries=0 ", b"\ncat_boundaries=9999 ", "categorical"),
        (b"\ncat_threshold=", b"\ncat_threshold=1 ", "categorical"),
        (b"\ncat_boundaries=", b"\nunknown=", "categorical"),
        (b"\ncat_threshold=", b"\nunknown=", "categorical"),
    ],
)
def test_a_text_with_inconsistent_sets_stays_on_lightgbm(categories, old, new, reason):
    with pytest.raises(NotPacked) as refused:
        pack_table(categories.text.replace(old, new, 1))
    assert refused.value.reason == reason


def test_sets_with_huge_codes_stay_on_lightgbm():
    text, _ = of_codes(3)
    words = 1 << 20
    first, bounds, rest = text.partition(b"\ncat_boundaries=")
    line, _, rest = rest.partition(b"\ncat_threshold=")
    ends = [0, *(int(end) + words - 1 for end in line.split()[1:])]
    longer = b" ".join(b"%d" % end for end in ends) + b"\ncat_threshold=" + b"0 " * (words - 1) + b"1 "
    huge = first + bounds + longer + rest.partition(b" ")[2]
    with pytest.raises(NotPacked) as refused:
        pack_table(huge)
    assert refused.value.reason == "too_large"


def test_values_to_compare_include_every_code_and_the_next_one(categories):
    codes = max(one.bit_length() for tree in read_model(categories.text)[1] for one in tree.sets)
    pools = [values for values in split_values(categories.text).values() if values == [*range(len(values))]]
    assert max(map(len, pools)) == codes + 1


def test_equal_sets_of_a_feature_share_a_slot(categories):
    pairs = {
        (feature, tree.codes(node))
        for tree in read_model(categories.text)[1]
        for node, feature in enumerate(tree.feature)
        if tree.codes(node) is not None
    }
    table = pack_table(categories.text)
    count, *_ = struct.unpack_from("<I", table, _sections(table))
    assert count == len({feature for feature, _ in pairs}) == 2
    at, sets = _sections(table) + 4, []
    for _ in range(count):
        number, codes = struct.unpack_from("<2I", table, at)
        sets.append(number)
        at += 8 + 4 * number * -(-codes // 32)
    assert (sum(sets), at) == (len(pairs), len(table))
