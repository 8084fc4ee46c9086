"""A LightGBM file becomes a package by `bring`; the recipe in docs/models.md is run as it is printed."""

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from models import bring as bringing
from models.bring import bring, read_csv, score_bodies
from tests.support.fakes.packages import KEY, KEYS
from vigil.errors import InvalidInput, ModelRefused
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.gates import check_promotable
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package

PAGE = Path(__file__).parents[3] / "docs/models.md"
SOURCE = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
LEVELS = ["car", "home", "other"]
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def draw(rows, seed):
    random = np.random.default_rng(seed)
    table = np.column_stack([random.uniform(500, 9000, rows), random.integers(0, 3, rows), random.integers(0, 2, rows)])
    odds = 2 - table[:, 0] / 1500 + (table[:, 1] == 1) * 2 - table[:, 2]
    return table, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


@pytest.fixture(scope="module")
def booster():
    table, labels = draw(3000, 1)
    data = lightgbm.Dataset(table, labels, feature_name=["income", "purpose", "owner"], categorical_feature=["purpose"])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 6}, data, 40)
    booster.pandas_categorical = [LEVELS]
    return booster


@pytest.fixture(scope="module")
def recipe(booster, tmp_path_factory):
    """The printed recipe in a folder with a model file and held-out rows."""
    folder = tmp_path_factory.mktemp("loans")
    booster.save_model(folder / "model.txt")
    with (folder / "held_out.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["loan", "income", "purpose", "owner", "in_arrears"])
        for number, (row, label) in enumerate(zip(*draw(900, 2), strict=True)):
            income, purpose, owner = row.tolist()
            writer.writerow([number, income, LEVELS[int(purpose)], str(bool(owner)), label])
    found = {"__file__": str(folder / "recipe.py")}
    exec(compile(SOURCE, "docs/models.md", "exec"), found)  # noqa: S102 - the printed recipe
    return found


@pytest.fixture(scope="module")
def trained(recipe):
    return recipe["train"](1, lambda _step, _done: None)


def test_the_printed_recipe_has_twenty_lines():
    assert len([line for line in SOURCE.splitlines() if line.strip()]) <= 20


def test_the_printed_recipe_gives_a_package_that_can_be_promoted(trained):
    files = build_package(trained, Release(1, NOW, NOW + timedelta(days=30)), KEY, load_engine)
    loaded = PackageVerifier(KEYS, load_engine).verify(files, ExpectedPackage("loans", 1, now=NOW))
    check_promotable(loaded)
    assert loaded.contract.metrics["auc"] > 0.7
    assert loaded.never_missing_names == ("income", "purpose")
    assert "monthly income, purpose of the loan." in loaded.card


def test_the_package_scores_like_lightgbm(trained, recipe, booster):
    engine = load_engine(trained.contract.engines[0], trained.files["lgbm.txt"], trained.contract)
    bodies = recipe["samples"](1, 50)
    rows = [trained.contract.encode(body["features"]) for body in bodies]
    expected = booster.predict(np.array(rows), raw_score=True, num_threads=1)
    assert [engine.raw_score(row) for row in rows] == expected.tolist()
    assert {body["_label"] for body in bodies} == {0, 1}


def test_only_the_same_seed_gives_the_same_package(trained, recipe):
    again, other = (recipe["train"](seed, lambda _step, _done: None) for seed in (1, 2))
    assert again == trained
    assert other.contract != trained.contract


def held_out(recipe):
    return read_csv(recipe["HELD_OUT"], recipe["SPECS"], recipe["LABEL"])


def model_text(recipe):
    return recipe["HELD_OUT"].with_name("model.txt").read_bytes()


def test_values_of_numpy_and_nan_are_taken(recipe, trained):
    rows, labels = held_out(recipe)
    frame = [{**row, "income": np.float64(row["income"]), "owner": np.bool_(row["owner"])} for row in rows]
    assert bring(model_text(recipe), frame, np.array(labels), recipe["SPECS"], recipe["ABOUT"], 1) == trained
    frame[0]["income"] = float("nan")
    assert bring(model_text(recipe), frame, labels, recipe["SPECS"], recipe["ABOUT"], 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows, labels: (rows[:60], labels[:60]), "at least 40"),
        (lambda rows, labels: (rows, [2, *labels[1:]]), "0 or 1"),
        (lambda rows, labels: (rows, labels[1:]), "one for each row"),
        (lambda rows, labels: ([{**row, "income": -1} for row in rows], labels), r"rows\[0\].income"),
        (lambda rows, labels: ([{"income": 1.0} for _ in rows], labels), "purpose: is in no row"),
    ],
    ids=["few", "labels", "lengths", "range", "column"],
)
def test_unsuitable_rows_are_refused_with_the_cause(recipe, change, message):
    rows, labels = change(*held_out(recipe))
    with pytest.raises(InvalidInput, match=message):
        bring(model_text(recipe), rows, labels, recipe["SPECS"], recipe["ABOUT"])


REGION = GroupAttribute("region", ("north", "south"))
SIZE = GroupAttribute("size", ("small", "large"), source="income", cuts=(4_000.0,))


def with_regions(recipe, *regions):
    rows, labels = held_out(recipe)
    return [{**row, "group:region": regions[place % len(regions)]} for place, row in enumerate(rows)], labels


def test_declared_groups_have_figures_and_are_no_features(recipe):
    about = replace(recipe["ABOUT"], groups=(REGION, SIZE), intersections=(("region", "size"),))
    rows, labels = with_regions(recipe, "north", "south", None)
    found = bring(model_text(recipe), rows, labels, recipe["SPECS"], about)
    assert found.contract.groups == (REGION, SIZE)
    regions = {group.value: group.rows for group in found.reference.groups if group.attribute == "region"}
    assert regions == {"north": 300, "south": 300}
    assert {group.value for group in found.reference.groups if group.attribute == "size"} == {"small", "large"}
    assert all(body["features"].keys() == {"income", "purpose", "owner"} for body in score_bodies(rows, labels))


def test_an_undeclared_value_of_a_group_is_refused_by_name(recipe):
    about = replace(recipe["ABOUT"], groups=(REGION,))
    rows, labels = with_regions(recipe, "north", "east")
    with pytest.raises(InvalidInput, match=r"rows\[1\].group:region: must be one of north, south"):
        bring(model_text(recipe), rows, labels, recipe["SPECS"], about)


def test_columns_of_groups_are_read_from_a_file(recipe, tmp_path):
    content = "income,purpose,owner,in_arrears,group:region,note\n1,car,true,1,north,x\n2,home,false,0,,y\n"
    (tmp_path / "rows.csv").write_text(content)
    rows, _ = read_csv(tmp_path / "rows.csv", recipe["SPECS"], "in_arrears")
    assert [row["group:region"] for row in rows] == ["north", None]
    assert "note" not in rows[0]


def test_levels_in_another_order_are_refused(recipe):
    rows, labels = held_out(recipe)
    text = model_text(recipe).replace(b'["car", "home", "other"]', b'["home", "car", "other"]')
    with pytest.raises(ModelRefused, match="'purpose'"):
        bring(text, rows, labels, recipe["SPECS"], recipe["ABOUT"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("income,purpose,in_arrears\n", "owner: is not a column"),
        ("income,purpose,owner,in_arrears\n1,car,maybe,1\n", "line 2, owner"),
        ("income,purpose,owner,in_arrears\nmuch,car,true,1\n", "line 2, income"),
    ],
    ids=["column", "boolean", "number"],
)
def test_an_unsuitable_file_is_refused_with_the_cause(recipe, tmp_path, content, message):
    file = tmp_path / "rows.csv"
    file.write_text(content)
    with pytest.raises(InvalidInput, match=message):
        read_csv(file, recipe["SPECS"], recipe["LABEL"])


def test_every_name_of_the_recipe_is_public():
    assert set(bringing.__all__) <= set(vars(bringing))
