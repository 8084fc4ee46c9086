"""Facts of a booster's training outside its trees: codes of categories, and features that were never missing.

LightGBM's text names the levels of pandas categories in its last line, in the order of their codes. Each split has the
missing values of its feature in training: none, zero, or NaN (bits 2 and 3 of `decision_type`).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields

from vigil.errors import ModelRefused
from vigil.prediction.engines.model_text import read_header
from vigil.prediction.features.feature_spec import FeatureSpec

_SPLITS, _KINDS = b"\nsplit_feature=", b"\ndecision_type="
_NUMBERS = re.compile(rb"[-\d ]*")
_LEVELS = b"\npandas_categorical:"
_MISSING_BITS = 0b1100


def check_categories(model_text: bytes, features: Sequence[FeatureSpec]) -> None:
    """Raise ModelRefused (`schema_mismatch`) if the schema codes a category in another way than the training did.

    `features` are the engine's, in order. A text without levels is checked for codes that the schema does not have.
    """
    categories = [spec for spec in features if spec.type == "category"]
    trained = _pandas_levels(model_text)
    if not trained:
        return _check_codes(model_text, features)
    if len(trained) != len(categories):
        found = "; ".join(_tuple(levels) for levels in trained)
        named = ", ".join(repr(spec.name) for spec in categories) or "none"
        raise ModelRefused(
            "schema_mismatch",
            f"the model was trained with {len(trained)} pandas categories ({found}), the schema has {len(categories)} "
            f"category features ({named}); give each one a category feature with its levels in this order",
        )
    for spec, levels in zip(categories, trained, strict=True):
        if spec.categories != levels:
            raise ModelRefused(
                "schema_mismatch",
                f"the levels of {spec.name!r} have other codes than in training: the model was trained with "
                f"{_tuple(levels)}, the schema has {_tuple(spec.categories)}; write in the schema: "
                f"{schema_line(spec, levels)}",
            )
    return None


def never_missing(model_text: bytes, features: Sequence[FeatureSpec]) -> frozenset[str]:
    """Return the names of the features with a split that was trained without a missing value.

    LightGBM reads a missing value as 0 in such a split, or as an unknown level. The set is empty for a model that was
    trained with `use_missing=false`: its author chose 0. It also omits categories with levels
    of fewer than three training rows, and all features of a model with `zero_as_missing`.
    """
    if b"\n[use_missing: 0]\n" in model_text:
        return frozenset()
    try:
        return frozenset(features[place].name for place in _places_without_missing(model_text))
    except (ValueError, IndexError) as error:
        raise ModelRefused("malformed", "the splits of the model cannot be parsed") from error


def schema_line(spec: FeatureSpec, levels: tuple[str, ...]) -> str:
    """Return the source line of a feature with other levels."""
    labels = {level: label for level, label in spec.category_labels.items() if level in levels}
    given = {field.name: getattr(spec, field.name) for field in fields(spec)}
    given |= {"categories": levels, "category_labels": labels}
    parts = [_source(spec.name), _source(spec.type), _source(spec.label)]
    for field in fields(spec)[3:]:
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if (value := given[field.name]) != default:
            parts.append(f"{field.name}={_source(value)}")
    return f"FeatureSpec({', '.join(parts)})"


def _places_without_missing(text: bytes) -> set[int]:
    splits = set[tuple[bytes, bytes]]()
    for features, kinds in zip(_numbers(text, _SPLITS), _numbers(text, _KINDS), strict=True):
        splits.update(zip(features, kinds, strict=True))
    return {int(place) for place, bits in splits if not int(bits) & _MISSING_BITS}


def _numbers(text: bytes, key: bytes) -> Iterator[list[bytes]]:
    """Yield the numbers of each line with this key; `find` is much faster than a pattern over the whole text."""
    start = text.find(key)
    while start >= 0:
        end = text.find(b"\n", start + 1)
        line = text[start + len(key) : end if end >= 0 else len(text)]
        if not _NUMBERS.fullmatch(line):
            raise ValueError
        yield line.split()
        start = text.find(key, start + 1)


def _pandas_levels(text: bytes) -> list[tuple[str, ...]]:
    """Return the levels of each pandas category in the order of the columns; empty for training without pandas."""
    start = text.rfind(_LEVELS)
    if start < 0:
        return []
    line = text[start + len(_LEVELS) :].split(b"\n", 1)[0]
    try:
        found = json.loads(line)
        return [tuple(_name(level) for level in levels) for levels in found or ()]
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelRefused("malformed", "the line pandas_categorical of the model cannot be parsed") from error


def _name(level: object) -> str:
    """Return a level as the schema writes it."""
    return level if isinstance(level, str) else json.dumps(level)


def _check_codes(text: bytes, features: Sequence[FeatureSpec]) -> None:
    """Check that the schema has a level for each code of a category in training."""
    for spec, found in zip(features, read_header(text).get("feature_infos", "").split(" "), strict=False):
        if spec.type == "category" and (most := max(_codes(found), default=-1)) >= len(spec.categories):
            raise ModelRefused(
                "schema_mismatch",
                f"the model was trained with codes of {spec.name!r} up to {most:g}, the schema has only "
                f"{len(spec.categories)} levels; list every level of the training in the order of its code",
            )


def _codes(info: str) -> Iterator[float]:
    """Yield the codes, or the bounds, in a feature's entry of `feature_infos`."""
    for part in info.strip("[]").split(":"):
        try:
            yield float(part)
        except ValueError:  # `none`: the column was constant
            return


def _source(value: object) -> str:
    """Return a value of a feature specification as Python source."""
    if isinstance(value, tuple):
        return _tuple(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _tuple(levels: Sequence[str]) -> str:
    """Return levels as a Python tuple with double quotes."""
    return f"({', '.join(json.dumps(level, ensure_ascii=False) for level in levels)}{',' if len(levels) == 1 else ''})"
