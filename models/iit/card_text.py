"""Hand-written texts of the `iit` model card."""

from dataclasses import replace

from models.card import CardText
from models.iit.dataset import CUTOFF, EXTRACTED_AT
from models.iit.extracts import IRREGULAR_SHARE
from models.iit.presets import DRIFT_DAY, PLANTED
from models.iit.records import simulated_date

CARD_TEXT = CardText(
    first_line="**Simulated: this model was trained and evaluated on simulated patients only, never on real ones.**",
    intended_use=[
        (
            "Showing, testing and load testing how a risk of interruption in HIV treatment is scored, explained and "
            "acted on, from the contact a patient has just made."
        ),
        "A starting point for a programme that retrains it on its own records and validates it before any use.",
    ],
    not_for=[
        "Any decision about a real person.",
        "Withholding, delaying or rationing treatment; ranking facilities or staff.",
        "Times other than shortly after a contact, and people not yet on treatment.",
    ],
    data=[
        (
            "Simulated visits, dispenses and observations with event and recorded time: 8 % of visits back-dated up "
            "to 45 days, viral loads 10 to 60 days late, deaths, transfers (some silent), stock-outs."
        ),
        (
            f"Training and calibration: outcomes resolved by {CUTOFF:%Y-%m-%d}. Test: other patients, contacts from "
            f"then to {EXTRACTED_AT:%Y-%m-%d}. No patient is in two splits."
        ),
        (
            "A contact is a day with a visit or with a pick-up of medicine. PEPFAR's indicator of interruption counts "
            "pick-ups as well. The supply of a pick-up sets the next expected contact. Several forms of a day are one "
            "contact."
        ),
        (
            "The expected contact stands until a contact meets it or replaces it. A contact before it that neither "
            "books nor dispenses is interim: it changes neither features nor label."
        ),
        (
            f"{100 * IRREGULAR_SHARE:.0f} % of the patients have irregular records: visits on 2 or 3 forms, "
            "pick-ups without a visit, and sick visits without a booking. Features and label follow "
            "the same rule for them."
        ),
        "Index contacts are those entered within 7 days, without the interim ones; features are as of that entry.",
        (
            "Results without detection of virus have the value 0 copies/mL, which the model knows from 70 % of the "
            "suppressed results."
        ),
        (
            "Effect sizes follow published associations (young age, time on treatment, viral load, adherence, WHO "
            "stage, regimen, pregnancy, rural home); they mix outcomes and designs."
        ),
    ],
    bands="Bands are absolute probabilities, the same at every facility: the calibrated probabilities at the 60th and "
    "90th percentile of the calibration split, rounded to whole percents. They are not percentiles of a list of "
    "patients.",
    limits=[
        (
            f"On {simulated_date(DRIFT_DAY)} the simulated world drifts (more multi-month dispensing, a higher base "
            "rate): figures `after drift` are from visits entered since."
        ),
        (
            f"Planted: patients of region {PLANTED.shifted_base_rate} have a higher risk that no feature shows, so "
            f"that they are under-flagged; in region {PLANTED.silent_transfers} silent transfers are labelled "
            f"interruptions; in region {PLANTED.viral_load_missing} viral loads are often missing; regions "
            f"{', '.join(PLANTED.equal_risk)} have the same risk."
        ),
        (
            "`oracle auc` is the value for a person who knows each patient's latent probability on the same rows: no "
            "honest model can exceed it except by chance."
        ),
        (
            "A pick-up whose supply is not recorded sets no expected contact. An earlier appointment then stands, and "
            "the next contact can appear late."
        ),
        "A recorded phone number is a proxy of a facility's quality of registration, not of a patient's motivation.",
        "A flagged patient receives help: the main harm is under-flagging.",
    ],
)


def card_text(outcomes: int) -> CardText:
    """Return the card texts of a model that was also trained on `outcomes` reported outcomes."""
    if not outcomes:
        return CARD_TEXT
    first_line = (
        f"**Simulated for the most part: this model was trained on simulated patients and on {outcomes} reported "
        "outcomes, and evaluated on simulated patients.**"
    )
    return replace(CARD_TEXT, first_line=first_line)
