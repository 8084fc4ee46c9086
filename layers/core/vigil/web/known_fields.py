"""Names of the fields that an object in a request may have, for the bound of an unknown field."""

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel


def known_fields(model: Any, path: Sequence[int | str]) -> tuple[str, ...]:
    """Return the fields of the object at a path in a body of type `model`; empty if no model describes it.

    The path is that of a pydantic error. `model` may be an optional, an annotated type or a collection.
    """
    found = list(_models(model))
    for part in path:
        found = [inner for each in found for inner in _models(_member(each, part))]
    names = (field.alias or name for each in found if _is_model(each) for name, field in each.model_fields.items())
    return tuple(dict.fromkeys(names))


def _models(annotation: Any) -> Sequence[Any]:
    """Return the alternatives of a type: the members of a union, or the type itself."""
    if _is_model(annotation) or get_origin(annotation) in {list, tuple, dict}:
        return [annotation]
    if get_origin(annotation) is Annotated:
        return _models(get_args(annotation)[0])
    return [each for member in get_args(annotation) for each in _models(member)]


def _member(model: Any, part: int | str) -> Any:
    """Return the type of a field of a model, or of an item of a collection; None if it has none."""
    if not _is_model(model):
        members = get_args(model) or (None,)
        return members[-1] if get_origin(model) is dict else members[0]
    return next((field.annotation for name, field in model.model_fields.items() if part in {name, field.alias}), None)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
