"""What the card of the `iit` model says in words."""

from dataclasses import replace

from models.card import Prose
from models.iit.dataset import CUTOFF, EXTRACTED_AT
from models.iit.presets import DRIFT_DAY, PLANTED
from models.iit.records import day

PROSE = Prose(
    first_line="**Simulated: this model was trained and evaluated on simulated patients only, never on real ones.**",
    intended_use=[
        (
            "Showing, testing and load testing how a risk of interruption in HIV treatment is scored, explained and "
            "acted on, from the visit a patient has just made."
        ),
        "A start for a programme that retrains it on its own records and validates it before any use.",
    ],
    not_for=[
        "Any decision about a real person.",
        "Withholding, delaying or rationing treatment; ranking facilities or staff.",
        "A moment other than shortly after a visit; people not yet on treatment.",
    ],
    data=[
        (
            "Simulated visits, dispenses and observations with event and recorded time: 8 % of visits back-dated up to "
            "45 days, viral loads 10 to 60 days late, deaths, transfers (some silent), stock-outs."
        ),
        (
            f"Training and calibration: what was resolved by {CUTOFF:%Y-%m-%d}. Test: other patients, visits from then "
            f"to {EXTRACTED_AT:%Y-%m-%d}. No patient is in two splits."
        ),
        "Index visits are those entered within 7 days; features are as of that entry.",
        (
            "Effect sizes follow published associations (young age, time on treatment, viral load, adherence, WHO "
            "stage, regimen, pregnancy, rural home); they mix outcomes and designs."
        ),
    ],
    bands="Bands are absolute probabilities, the same at every facility: the calibrated probabilities at the 60th and "
    "90th percentile of the calibration split, rounded to whole percents. They are not"
    " percentiles of a list of patients.",
    limits=[
        (
            f"On {day(DRIFT_DAY)} the simulated world drifts (more multi-month dispensing, a higher base rate): "
            "figures `after drift` are from visits entered since."
        ),
        (
            f"Planted: patients of region {PLANTED.shifted_base_rate} are at a higher risk that no feature shows, so "
            f"that they are under-flagged; in region {PLANTED.silent_transfers} silent transfers are labelled "
            f"interruptions; in region {PLANTED.viral_load_missing} viral loads are often missing; regions "
            f"{', '.join(PLANTED.equal_risk)} have the same risk."
        ),
        (
            "`oracle auc` is what someone who knew each patient's latent probability would reach on the same rows: no "
            "honest model can be above it but by chance."
        ),
        "A phone number on record is a proxy of how well a facility registers, not of a patient's will.",
        "Being flagged brings help: the main harm is under-flagging.",
    ],
)


def prose(outcomes: int) -> Prose:
    """Return the prose of a model that was also trained on so many reported outcomes."""
    if not outcomes:
        return PROSE
    first_line = (
        f"**Simulated, in the main: this model was trained on simulated patients and on {outcomes} reported outcomes, "
        "and evaluated on simulated patients.**"
    )
    return replace(PROSE, first_line=first_line)
