"""Masking of the texts of a request: rules, the allow-list of words, and a second check that refuses."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from vigil.errors import FieldError, InvalidInput, TooLarge
from vigil.privacy.masking.contacts_model import mask_contacts
from vigil.privacy.masking.dates_model import mask_ages, mask_dates
from vigil.privacy.masking.known_values_model import mask_known
from vigil.privacy.masking.labels_model import mask_labelled
from vigil.privacy.masking.model import (
    MAX_CHARACTERS,
    MAX_KNOWN_CHARACTERS,
    MAX_KNOWN_VALUES,
    HealthDataFound,
    KnownValue,
    Masked,
)
from vigil.privacy.masking.names_model import mask_titled_names, mask_unknown_words
from vigil.privacy.masking.normal_form_model import normalise
from vigil.privacy.masking.numbers_model import mask_numbers
from vigil.privacy.masking.places_model import mask_house_numbers, mask_places
from vigil.privacy.masking.scan_model import scan
from vigil.privacy.masking.surrogates_model import Surrogates
from vigil.privacy.masking.vocabulary_model import DocumentWords, Vocabulary


def mask(text: str, known: Sequence[KnownValue], vocabulary: Vocabulary, today: date) -> Masked:
    """Return a text with surrogates in place of identifiers and unknown words. Raises TooLarge."""
    return mask_all({"text": text}, known, vocabulary, today)["text"]


def mask_all(
    texts: Mapping[str, str], known: Sequence[KnownValue], vocabulary: Vocabulary, today: date
) -> Mapping[str, Masked]:
    """Return the texts of a request by their names, with the same surrogate for the same value in all of them.

    The work grows linearly with the size. Raises TooLarge above MAX_CHARACTERS, and InvalidInput for too many known
    values.
    """
    _check_bounds(texts, known)
    surrogates = Surrogates()
    plain = {name: normalise(text) for name, text in texts.items()}
    _check_size(plain)
    masked = [_mask(text, known, vocabulary, today, surrogates) for text in plain.values()]
    return dict(zip(texts, surrogates.show(masked), strict=True))


def _check_bounds(texts: Mapping[str, str], known: Sequence[KnownValue]) -> None:
    _check_size(texts)
    if len(known) > MAX_KNOWN_VALUES or any(len(value.text) > MAX_KNOWN_CHARACTERS for value in known):
        bound = f"at most {MAX_KNOWN_VALUES} values of {MAX_KNOWN_CHARACTERS} characters"
        raise InvalidInput(FieldError("known", "has too many or too long values", bound))


def _check_size(texts: Mapping[str, str]) -> None:
    if sum(map(len, texts.values())) > MAX_CHARACTERS:
        raise TooLarge(f"The texts have more than {MAX_CHARACTERS:,} characters together. Send less text.")


def _mask(text: str, known: Sequence[KnownValue], vocabulary: Vocabulary, today: date, surrogates: Surrogates) -> str:
    text = mask_known(text, known, vocabulary, surrogates)
    text = mask_contacts(text, surrogates)
    text = mask_ages(mask_dates(text, today, surrogates), today, surrogates)
    text = mask_labelled(text, vocabulary, surrogates)
    text = mask_places(text, vocabulary, surrogates)
    text = mask_titled_names(text, vocabulary, surrogates)
    text = mask_numbers(text, today.year + 1, vocabulary, surrogates)
    return mask_house_numbers(mask_unknown_words(text, vocabulary, surrogates), surrogates)


class Masking:
    """Removal of health data from texts that leave Vigil.

    `vocabulary` returns the lists that ship with Vigil; it is called at the first text.
    """

    def __init__(self, vocabulary: Callable[[DocumentWords], Vocabulary]) -> None:
        self._vocabulary = vocabulary

    def clean(
        self, texts: Mapping[str, str], known: Sequence[KnownValue], documents: DocumentWords, today: date
    ) -> Mapping[str, Masked]:
        """Return masked texts that passed the second check.

        Raises HealthDataFound if a text still contains health data, TooLarge and InvalidInput for more than the bounds.
        """
        vocabulary = self._vocabulary(documents)
        masked = mask_all(texts, known, vocabulary, today)
        findings = frozenset(found for text in masked.values() for found in scan(text, known, vocabulary))
        if findings:
            raise HealthDataFound(findings)
        return masked
