"""What a verified package must have besides before it may decide about anyone."""

import re
from collections.abc import Iterator

from vigil.errors import FieldError, InvalidInput
from vigil.prediction.packages.loaded import LoadedModel

REQUIRED_CARD_SECTIONS = ("Intended use", "Not for", "Data", "Label", "Performance", "Limits")
"""The second-level headings that a card must have, each with text under it: after Mitchell et al. (2019)."""
_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)


def check_promotable(model: LoadedModel) -> None:
    """Raise InvalidInput naming every gate that the package does not pass.

    Its golden vectors are not looked at here: verification ran them, and refuses a package without any.
    """
    if errors := [FieldError("version", message, bound) for message, bound in (*_card(model), *_calibration(model))]:
        raise InvalidInput(*errors)


def _card(model: LoadedModel) -> Iterator[tuple[str, str]]:
    first_line, *_ = model.card.strip().splitlines()
    if model.contract.training.simulated and "simulated" not in first_line.lower():
        yield "has a card that does not say at once that the data were simulated", "`simulated` in the first line"
    _, *parts = _HEADING.split(model.card)
    present = [title.lower() for title, text in zip(parts[::2], parts[1::2], strict=True) if text.strip()]
    for section in REQUIRED_CARD_SECTIONS:
        if not any(title.startswith(section.lower()) for title in present):
            yield "has an incomplete card", f"text under a heading `## {section}`"


def _calibration(model: LoadedModel) -> Iterator[tuple[str, str]]:
    bound = model.contract.calibration_bound
    error = model.contract.metrics.get("calibration_error")
    if error is None:
        yield "does not state its calibration error", "`calibration_error` among its metrics"
    elif not error <= bound:  # so that NaN does not pass
        yield "is not calibrated well enough", f"a calibration error of at most {bound:g}"
