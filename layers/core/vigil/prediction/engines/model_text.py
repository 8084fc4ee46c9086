"""Checks of a model in LightGBM's text format; every refusal names the finding and the remedy."""

from collections.abc import Sequence

from vigil.errors import ModelRefused

_BINARY = "binary sigmoid:1"
"""The only supported objective: its raw score is the log-odds."""

_NOT_BINARY = "train with objective='binary' and labels of 0 and 1"
_REMEDIES = {
    "version": "load the file with LightGBM 4 and save it again: lightgbm.Booster(model_file=...).save_model(...)",
    "num_class": _NOT_BINARY,
    "num_tree_per_iteration": _NOT_BINARY,
    "objective": _NOT_BINARY,
}
"""Remedy for another value of a field of the header."""


def check_model_text(model_text: bytes, feature_names: Sequence[str]) -> None:
    """Raise ModelRefused if the text is incomplete, unsupported, or has other features.

    Reasons: `malformed` for an incomplete model, `schema_mismatch` for other features, `unsupported` for anything
    except single-output binary log-odds with constant leaves.
    """
    header = read_header(model_text)
    _check_supported(header, model_text)
    _check_features(header.get("feature_names", "").split(" "), feature_names)


def read_header(text: bytes) -> dict[str, str]:
    """Return the fields before the first tree, after checking that the trees have the stated sizes."""
    if text.startswith(b"tree\r\n"):
        raise ModelRefused(
            "malformed",
            "the line ends of the model are CRLF; save the file with LF, as LightGBM wrote it (a copy by git or by an "
            "editor on Windows changes them)",
        )
    end = text.find(b"\nTree=")
    if not text.startswith(b"tree\n") or end < 0 or b"\0" in text:
        raise ModelRefused("malformed", "the file is not a LightGBM model in text format; write it with save_model")
    try:
        lines = text[:end].decode().split("\n")
        fields = {key: value for key, _, value in (line.partition("=") for line in lines)}
        sizes = [int(size) for size in fields.get("tree_sizes", "").split()]
    except ValueError as error:
        raise ModelRefused("malformed", "the header of the model cannot be parsed") from error
    if min(sizes, default=0) < 1 or not text.startswith(b"end of trees", end + 1 + sum(sizes)):
        raise ModelRefused("malformed", "the trees are incomplete")
    return fields


def _check_features(actual: Sequence[str], expected: Sequence[str]) -> None:
    if len(actual) != len(expected):
        raise ModelRefused("schema_mismatch", f"the model has {len(actual)} features, the schema {len(expected)}")
    for position, (mine, theirs) in enumerate(zip(actual, expected, strict=True), start=1):
        if mine != theirs:
            raise ModelRefused(
                "schema_mismatch",
                f"feature {position} of the model is {mine!r}, and of the schema {theirs!r}; {_remedy(mine, theirs)}",
            )


def _remedy(mine: str, theirs: str) -> str:
    """Return the remedy for a feature that has another name in the model than in the schema."""
    if mine == theirs.replace(" ", "_"):
        return f"LightGBM writes spaces of names as underscores, so name it {mine!r} in the schema too"
    if mine.startswith("Column_") and mine.removeprefix("Column_").isdecimal():
        return "the model has the default names, so train it again with feature_name=[...] in the schema's order"
    return "the names and their order must be equal"


def _check_supported(header: dict[str, str], text: bytes) -> None:
    required = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "objective": _BINARY}
    for field, value in required.items():
        if (found := header.get(field)) != value:
            raise ModelRefused("unsupported", f"the model's {field} must be {value!r}; {_cause(field, found)}")
    if "average_output" in header:
        raise ModelRefused(
            "unsupported", "random forests average their trees; train with boosting='gbdt', which adds them"
        )
    if b"\nis_linear=1\n" in text:
        raise ModelRefused("unsupported", "linear trees have no TreeSHAP contributions; train with linear_tree=False")


def _cause(field: str, found: str | None) -> str:
    """Return the found value of a header field and the remedy."""
    if field == "version" and found:
        return f"it is {found!r}, which another LightGBM wrote: {_REMEDIES[field]}"
    if field == "objective" and found is None:
        return f"it has none, because it was trained with a loss of your own: {_NOT_BINARY}"
    if field == "objective" and found and found.startswith("binary sigmoid:"):
        return f"it is {found!r}, whose raw score is not the log-odds: train without the parameter sigmoid"
    return f"it is {found!r}: {_REMEDIES[field]}" if found else f"it is missing: {_REMEDIES[field]}"
