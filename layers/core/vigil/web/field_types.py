"""Types of request fields for pydantic models and query parameters, each with the one grammar of its type."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from vigil.kernel import grammar
from vigil.kernel.grammar import Grammar

_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"
"""Fillers of Hangul: letters without a shape."""


def bound_error(message: str, bound: str) -> PydanticCustomError:
    """Return a validation error for a validator to raise; `bound` is the allowed range as text."""
    return PydanticCustomError("bound", "{message}", {"message": message, "bound": bound})


def _reader(kind: Grammar[Any]) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        try:
            return kind.read(value)
        except ValueError:
            raise bound_error(kind.message, kind.bound) from None

    return read


def _legible(text: str) -> str:
    if not any(character.isalnum() and character not in _BLANK_LETTERS for character in text):
        raise bound_error("has no letter and no digit", "a text with at least one letter or digit")
    return text


Moment = Annotated[datetime, BeforeValidator(_reader(grammar.MOMENT))]
"""A point in time; RFC 3339 with a UTC offset."""
Day = Annotated[date, BeforeValidator(_reader(grammar.DAY))]
"""A calendar day."""
as_number = BeforeValidator(_reader(grammar.NUMBER))
"""Marker of a number with bounds: `Annotated[float, Field(ge=0), as_number]`; OpenAPI needs the bounds first."""
Number = Annotated[float, as_number]
"""A finite JSON number."""
as_whole_number = BeforeValidator(_reader(grammar.WHOLE_NUMBER))
"""Marker of a whole number with bounds: `Annotated[int, Field(ge=1), as_whole_number]`."""
WholeNumber = Annotated[int, as_whole_number]
"""A JSON number without a fraction."""
Boolean = Annotated[bool, BeforeValidator(_reader(grammar.BOOLEAN))]
"""A JSON boolean."""
as_legible = AfterValidator(_legible)
"""Marker of a text of a person: it has a letter or a digit. Blank and zero-width texts are refused."""
as_query_whole_number = BeforeValidator(_reader(grammar.WHOLE_NUMBER_TEXT))
"""Marker of a whole number with bounds in a query parameter."""
QueryBoolean = Annotated[bool, BeforeValidator(_reader(grammar.BOOLEAN_TEXT))]
"""A boolean in a query parameter."""
