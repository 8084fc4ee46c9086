"""Hand-written texts of the `leads` model card."""

from models.card import CardText

CARD_TEXT = CardText(
    first_line="**Simulated: this model was trained and evaluated on simulated sales leads only, never on real ones.**",
    intended_use=[
        "Showing how leads are ranked by the chance that sales will accept them, and which fact to obtain first.",
        "A starting point for a team that retrains it on its own leads and outcomes.",
    ],
    not_for=[
        "Credit, employment, insurance, housing, or any decision about a person's rights.",
        "Deciding which leads get an answer at all: a lead who asks for a demonstration is never ranked low.",
    ],
    data=[
        (
            "Simulated leads, some three to a company, each scored on one day within two years. Fit and interest are "
            "latent; visits, emails, calls and meetings are their noisy traces, and many facts are unknown (budget "
            "75 %, revenue 50 %, employees 25 %)."
        ),
        (
            "No company is in two splits, and the test leads are later than all others. Certification rows: one lead "
            "per company."
        ),
    ],
    bands="Fixed in advance: below 12 % the lead is nurtured by mail, from 28 % someone calls, and a personal email is "
    "sent in between.",
    limits=[
        "`oracle auc` is the value for a person who knows fit, interest and luck of the same rows.",
        "No personal characteristic is used. Region and industry may be proxies for some: audit them on real leads.",
        "The seasons of two simulated years are not those of a real market.",
    ],
)
