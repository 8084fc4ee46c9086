"""Additional checks that a verified package must pass before promotion."""

import re
from collections.abc import Iterator

from vigil.errors import FieldError, InvalidInput
from vigil.prediction.packages.loaded import LoadedModel

REQUIRED_CARD_SECTIONS = ("Intended use", "Not for", "Data", "Label", "Performance", "Limits")
"""Second-level headings that a model card must contain, each with text under it; after Mitchell et al. (2019)."""
CALIBRATION_LEVEL = 0.05
"""Level of the one-sided test (`calibration_p`) that the calibration error is above its bound by more than chance."""
_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)


def check_promotable(model: LoadedModel) -> None:
    """Raise InvalidInput with every gate that the package does not pass.

    Golden rows are not checked here: verification runs them and refuses packages without any.
    """
    if errors := [FieldError("version", message, bound) for message, bound in (*_card(model), *_calibration(model))]:
        raise InvalidInput(*errors)


def _card(model: LoadedModel) -> Iterator[tuple[str, str]]:
    first_line, *_ = model.card.strip().splitlines()
    if model.contract.training.simulated and "simulated" not in first_line.lower():
        yield (
            "has a card that does not state in its first line that the data were simulated",
            "`simulated` in the first line",
        )
    _, *parts = _HEADING.split(model.card)
    present = [title.lower() for title, text in zip(parts[::2], parts[1::2], strict=True) if text.strip()]
    for section in REQUIRED_CARD_SECTIONS:
        if not any(title.startswith(section.lower()) for title in present):
            yield "has an incomplete card", f"text under a heading `## {section}`"


def _calibration(model: LoadedModel) -> Iterator[tuple[str, str]]:
    bound, metrics = model.contract.calibration_bound, model.contract.metrics
    error = metrics.get("calibration_error")
    if error is None:
        yield "does not state its calibration error", "`calibration_error` among its metrics"
    elif not (error <= bound or (error > bound and metrics.get("calibration_p", 0.0) >= CALIBRATION_LEVEL)):  # no NaN
        yield (
            "has too large a calibration error for chance",
            f"a calibration error of at most {bound:g}, or a `calibration_p` of at least {CALIBRATION_LEVEL:g}",
        )
