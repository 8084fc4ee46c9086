"""Questions and names in normal form, and questions that no guideline answers."""

import re
import unicodedata

from vigil.assistant.answers.containment_model import instruction_like
from vigil.assistant.answers.folding_model import is_hidden
from vigil.assistant.answers.model import MAX_QUESTION_CHARACTERS
from vigil.errors import FieldError, InvalidInput

MAX_NAME_CHARACTERS = 60
"""Maximum length of the name of a medicine."""
_NAME = re.compile(r"[^\W_](?:[^\W_]|[ +/'-](?=[^\W_])){0,59}")


def normalise_question(text: str) -> str:
    """Return a question in NFC with single spaces and without hidden characters. Raises InvalidInput."""
    question = _visible(text, 4 * MAX_QUESTION_CHARACTERS)
    if not any(map(str.isalpha, question)):
        raise InvalidInput(
            FieldError("question", "has no words; write the question as a sentence", "at least 1 letter")
        )
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise InvalidInput(
            FieldError("question", "is too long; ask for one thing", f"at most {MAX_QUESTION_CHARACTERS} characters")
        )
    return question


def normalise_name(text: str, field: str) -> str:
    """Return the name of a medicine in NFC and lower case. Raises InvalidInput for a text that cannot be a name.

    A name has letters, digits and single spaces, `+`, `/`, `'` and `-`. So no sentence passes as a name.
    """
    name = _visible(text, 4 * MAX_NAME_CHARACTERS).casefold()
    if not _NAME.fullmatch(name) or instruction_like(name):
        raise InvalidInput(
            FieldError(
                field,
                "must be the name of a medicine, such as tenofovir",
                f"1 to {MAX_NAME_CHARACTERS} letters, digits, single spaces and + / ' -",
            )
        )
    return name


def is_out_of_scope(question: str) -> bool:
    """Return True if a question gives an order to the service in place of a question to a guideline.

    Other questions that no guideline answers have no evidence, which is found by their terms and not by a rule.
    """
    return instruction_like(question)


def _visible(text: str, limit: int) -> str:
    """Return the first characters of a text in NFC with single spaces and without hidden characters."""
    visible = "".join(each for each in text[:limit] if not is_hidden(each))
    return " ".join(unicodedata.normalize("NFC", visible).split())
