"""What the card of the `leads` model says in words."""

from models.card import Prose

PROSE = Prose(
    first_line="**Simulated: this model was trained and evaluated on simulated sales leads only, never on real ones.**",
    intended_use=[
        "Showing how leads are ranked by the chance that sales will accept them, and which missing fact to ask for.",
        "A start for a team that retrains it on its own leads and outcomes.",
    ],
    not_for=[
        "Credit, employment, insurance, housing, or any decision about a person's rights.",
        "Deciding whom to answer at all: whoever asks for a demonstration is never ranked low.",
    ],
    data=[
        (
            "Simulated leads, some three to a company, scored on one day each of two years. Fit and interest are "
            "latent; visits, emails, calls and meetings are their noisy traces, and many facts are not known (budget "
            "75 %, revenue 50 %, employees 25 %)."
        ),
        (
            "No company is in two splits, and the test leads are later than all others. Certification rows: one lead "
            "a company."
        ),
    ],
    bands="Fixed beforehand: below 12 % the lead is nurtured by mail, from 28 % someone calls, a personal email "
    "between.",
    limits=[
        "`oracle auc` is what someone who knew fit, interest and luck would reach on the same rows.",
        "No personal characteristic is used; region and industry may stand for some: audit them on real leads.",
        "The seasons of two simulated years are not those of a market.",
    ],
)
