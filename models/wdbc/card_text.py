"""Hand-written texts of the `wdbc` model card."""

from models.card import CardText

CARD_TEXT = CardText(
    first_line="**Example model on real, public measurements of 569 patients (1993); not a medical device.**",
    intended_use=["Showing how your own model is packaged, signed, scored and explained by the service."],
    not_for=[
        "Diagnosis or triage of anyone.",
        "Measurements from another microscope, stain or image analysis: lengths are in pixels of the original system.",
    ],
    data=[
        (
            "Breast Cancer Wisconsin (Diagnostic), W. H. Wolberg, W. N. Street and O. L. Mangasarian, University of "
            "Wisconsin, 1993 (published 1995, UCI Machine Learning Repository, doi:10.24432/C5DW2B), as shipped "
            "inside scikit-learn (BSD-3-Clause). Licence of the data: CC BY 4.0."
        ),
        (
            "569 patients, 212 malignant, 30 features, none missing; one needle aspirate each, one hospital. Split "
            "by seed and stratified: 227 for training, 71 for calibration, 128 for the threshold, 143 for the "
            "figures."
        ),
    ],
    bands="Fixed in advance: below 10 % routine review, from 70 % urgent review, a second reader in between.",
    limits=[
        "One hospital, 1980s to 1990s. Age, sex and ethnicity are not recorded, so groups cannot be compared.",
        (
            "37 % of these patients have cancer, far more than among women who are screened: probabilities do not "
            "carry over to another prevalence."
        ),
        (
            "About 140 held-out patients: read the intervals, not the figures. The classes almost separate, so "
            "calibration rests on a handful of patients between them."
        ),
    ],
)
