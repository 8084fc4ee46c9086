"""Small models with every kind of split that LightGBM has, and rows that take every branch."""

import pytest

from tests.support.lightgbm_models import CATEGORIES, train

VARIANTS = {
    "numeric": {},
    "categorical": {"categorical_feature": CATEGORIES, "min_data_per_group": 5, "cat_smooth": 1.0},
    "one-hot": {"categorical_feature": CATEGORIES, "max_cat_to_onehot": 64},
    "zero-is-missing": {"zero_as_missing": True},
    "missing-is-zero": {"use_missing": False},
    "unbalanced": {"scale_pos_weight": 7.0, "boosting": "dart", "drop_seed": 3},
}


@pytest.fixture(scope="session", params=VARIANTS, ids=str)
def trained(request):
    return train(**VARIANTS[request.param])


@pytest.fixture(scope="session")
def numeric():
    return train()
