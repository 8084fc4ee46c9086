"""Claims about other sentences, written after the rules of the check and never used to change them."""

WRONG = (
    ("Keep the injection site uncovered for one hour.", "Keep the injection site covered for one hour."),
    (
        "Give the second dose of vaccine 6 months after the first.",
        "Give the first dose of vaccine 6 months after the second.",
    ),
    (
        "Reduce digoxin below a clearance of 50 mL/min and give the full dose above 50 mL/min.",
        "Reduce digoxin above a clearance of 50 mL/min and give the full dose below 50 mL/min.",
    ),
    (
        "Give ceftriaxone 1 g to adults and ampicillin 2 g to pregnant women.",
        "Give ceftriaxone 2 g to adults and ampicillin 1 g to pregnant women.",
    ),
    ("Nitrofurantoin is suitable in the second trimester.", "Nitrofurantoin is suitable in the third trimester."),
    (
        "Thiazides can raise the level of calcium in the blood.",
        "Thiazides can raise the level of calcium in the urine.",
    ),
    ("Offer HIV testing to all partners of the patient.", "Offer HIV testing to some partners of the patient."),
    ("Remove the catheter as soon as possible.", "Change the catheter as soon as possible."),
    (
        "Keep the baby on the mother's skin for the first hour.",
        "Keep the baby off the mother's skin for the first hour.",
    ),
    ("Patients with a single episode need no prophylaxis.", "Patients with repeated episodes need no prophylaxis."),
    (
        "Give aspirin to patients with chest pain unless they have a bleeding ulcer.",
        "Give aspirin to patients with chest pain and a bleeding ulcer.",
    ),
    (
        "Chloroquine is the treatment of choice where the parasite is sensitive.",
        "Chloroquine is the treatment of choice where the parasite is resistant.",
    ),
    ("The child drinks eagerly in some dehydration.", "The child drinks poorly in some dehydration."),
    ("Wait until the swab is dry, then apply the bandage.", "Apply the bandage, then wait until the swab is dry."),
    ("Dilute adrenaline 1 in 10,000 before intravenous use.", "Dilute adrenaline 1 in 1,000 before intravenous use."),
    ("Carbamazepine interacts with oral contraceptives.", "Carbamazepine does not interact with oral contraceptives."),
    (
        "Use the left arm for the vaccine and the right arm for the sample.",
        "Use the right arm for the vaccine and the left arm for the sample.",
    ),
    ("Lay the unconscious patient on the side.", "Lay the unconscious patient on the back."),
    (
        "Ciprofloxacin is allowed if nothing else is available.",
        "Ciprofloxacin is allowed even if something else is available.",
    ),
    ("Treat when the parasite count exceeds 5 percent.", "Treat when the parasite count reaches 5 percent."),
    (
        "Hold the next dose if the pulse is 55 per minute or fewer.",
        "Hold the next dose if the pulse is 55 per minute or more.",
    ),
    ("A doctor decides whether the patient can go home.", "A nurse decides whether the patient can go home."),
    ("Give calcium and iron at different times of the day.", "Give calcium and iron at the same time of the day."),
    (
        "Fast-acting insulin is injected a quarter of an hour before the meal.",
        "Fast-acting insulin is injected half an hour before the meal.",
    ),
)
"""Source sentence and a claim that means something else."""

RIGHT = (
    ("Keep the injection site uncovered for one hour.", "For 1 hour, keep the injection site uncovered."),
    (
        "Give ceftriaxone 1 g to adults and ampicillin 2 g to pregnant women.",
        "Adults receive 1 g of ceftriaxone and pregnant women 2 g of ampicillin.",
    ),
    ("Offer HIV testing to all partners of the patient.", "All partners of the patient should be offered HIV testing."),
    ("Remove the catheter as soon as possible.", "The catheter should be removed as soon as possible."),
    (
        "Carbamazepine interacts with oral contraceptives.",
        "There are interactions of carbamazepine with oral contraceptives.",
    ),
    ("Lay the unconscious patient on the side.", "An unconscious patient is laid on the side."),
    ("Treat when the parasite count exceeds 5 percent.", "Treatment is given when the parasite count is above 5 %."),
    (
        "Hold the next dose if the pulse is 55 per minute or fewer.",
        "If the pulse is at most 55 per minute, hold the next dose.",
    ),
    ("A doctor decides whether the patient can go home.", "Whether the patient can go home is decided by a doctor."),
    (
        "Give calcium and iron at different times of the day.",
        "Calcium and iron are given at different times of the day.",
    ),
    ("The child drinks eagerly in some dehydration.", "In some dehydration, the child drinks eagerly."),
    ("Patients with a single episode need no prophylaxis.", "Prophylaxis is not needed after a single episode."),
    (
        "Dilute adrenaline 1 in 10,000 before intravenous use.",
        "Before intravenous use, adrenaline is diluted 1 in 10 000.",
    ),
    ("Thiazides can raise the level of calcium in the blood.", "Thiazides can increase the blood calcium level."),
    ("Wait until the swab is dry, then apply the bandage.", "Apply the bandage only once the swab has dried."),
    (
        "Ciprofloxacin is allowed if nothing else is available.",
        "If nothing else is available, ciprofloxacin may be used.",
    ),
)
"""Source sentence and a claim that means the same."""
