"""Sentences of an invented guideline, right paraphrases of some, and mutants that change their meaning, by seed."""

import re
from collections.abc import Callable, Iterator
from random import Random

SENTENCES = (
    "Start tenofovir 300 mg, lamivudine 300 mg and dolutegravir 50 mg once daily in adults who weigh 30 kg or more.",
    "Do not give metformin if creatinine clearance is below 30 mL/min.",
    "Give cotrimoxazole 960 mg once daily to adults with a CD4 count below 350 cells/µL.",
    "Repeat the viral load after 3 months if the result is at least 1,000 copies per millilitre.",
    "Avoid tenofovir in patients with creatinine clearance below 50 mL/min.",
    "Start antiretroviral therapy 2 weeks after the beginning of tuberculosis treatment.",
    "Pregnant women should receive folic acid 5 mg daily until week 12 of pregnancy.",
    "Children who weigh less than 20 kg receive abacavir 60 mg twice daily.",
    "Measure blood pressure at every visit and record both values on the card.",
    "Stop enalapril immediately if the potassium is above 6 mmol/L.",
    "Rifampicin lowers the concentration of dolutegravir, so give dolutegravir 50 mg twice daily during treatment.",
    "Do not start isoniazid in people with active hepatitis or more than 2 drinks a day.",
    "Take artemether with lumefantrine twice daily for 3 days, always with food.",
    "Oral rehydration solution is safe for infants with mild diarrhoea.",
    "Refer every child with a temperature above 39 °C and a stiff neck to the hospital.",
    "Check the haemoglobin before the first dose of zidovudine and again after 4 weeks.",
    "Insulin must be stored between 2 and 8 °C and must not be frozen.",
    "Breastfeeding mothers may continue efavirenz 600 mg once daily in the evening.",
    "Patients who missed a visit should be called within 7 days.",
    "Amoxicillin 500 mg three times a day for 5 days is the first choice for pneumonia in adults.",
    "Do not combine simvastatin with lopinavir, because the risk of muscle damage increases.",
    "Reduce the dose of gentamicin by half when creatinine clearance is under 40 mL/min.",
    "Ferrous sulphate is given once a day to women with a haemoglobin lower than 11 g/dL.",
    "A positive rapid test must be confirmed by a second test before treatment starts.",
    "Give oxytocin 10 IU by the intramuscular route within 1 minute after birth.",
    "Adolescents older than 12 years may choose a monthly injection instead of daily tablets.",
    "Magnesium sulphate is contraindicated in women with myasthenia gravis.",
    "Delay live vaccines in children with a CD4 share below 15 percent.",
    "The first follow-up takes place 1 month after the start and then every 6 months.",
    "Only a trained nurse may change the dose of warfarin.",
    "Fluconazole 200 mg daily is continued until the CD4 count stays above 200 cells/µL for 6 months.",
    "Use amlodipine 5 mg as the initial treatment of hypertension in people older than 55 years.",
    "Hydrochlorothiazide is not recommended for patients with gout.",
    "Wash the wound with clean water for at least 15 minutes after the bite.",
    "Levonorgestrel 1.5 mg is effective up to 72 hours after unprotected intercourse.",
    "Screen all pregnant women for syphilis at the first visit and treat them on the same day.",
    "Newborns of mothers with a high viral load receive nevirapine and zidovudine for 6 weeks.",
    "Prednisolone 40 mg daily for 5 days is given to adults with a severe asthma attack.",
    "Do not use ibuprofen after week 28 of pregnancy.",
    "Glibenclamide increases the risk of hypoglycaemia in elderly patients and should be avoided.",
)
"""Sentences of the corpus. Neighbours have nothing in common but the field of medicine."""

PARAPHRASES = (
    (1, "Metformin should not be given if creatinine clearance is less than 30 mL/min."),
    (2, "Adults with a CD4 count under 350 cells per microlitre receive cotrimoxazole 960 mg once a day."),
    (3, "If the result is 1000 copies/mL or more, repeat the viral load after 3 months."),
    (4, "Tenofovir is contraindicated in patients with creatinine clearance under 50 mL/min."),
    (6, "Pregnant women should take 5 mg of folic acid once a day until week 12 of pregnancy."),
    (7, "Give abacavir 60 mg every 12 hours to children who weigh under 20 kg."),
    (9, "If potassium exceeds 6 mmol/L, stop enalapril immediately."),
    (11, "People with active hepatitis or over 2 drinks a day should not start isoniazid."),
    (14, "Every child with a temperature over 39 °C and a stiff neck is referred to the hospital."),
    (15, "Measure haemoglobin before the first zidovudine dose and again after four weeks."),
    (17, "In the evening, breastfeeding mothers may continue efavirenz 600 mg daily."),
    (18, "Within 7 days, patients who missed a visit should be called."),
    (19, "For pneumonia in adults, the first choice is amoxicillin 500 mg every 8 hours for 5 days."),
    (21, "When creatinine clearance is less than 40 mL/min, reduce the gentamicin dose by half."),
    (22, "Women with haemoglobin under 11 g/dL receive ferrous sulphate once daily."),
    (24, "Within 1 minute after birth, give 10 IU of oxytocin by the intramuscular route."),
    (26, "Women with myasthenia gravis should not receive magnesium sulphate."),
    (27, "In children with a CD4 share under 15 %, delay live vaccines."),
    (30, "Continue fluconazole 200 mg once daily until the CD4 count stays over 200 cells/mm3 for 6 months."),
    (32, "Do not recommend hydrochlorothiazide for patients with gout."),
    (33, "After the bite, wash the wound with clean water for 15 minutes or more."),
    (34, "Up to 72 hours after unprotected intercourse, levonorgestrel 1.5 mg is effective."),
    (37, "Adults with a severe asthma attack are given 40 mg prednisolone daily for 5 days."),
    (38, "After week 28 of pregnancy, avoid ibuprofen."),
)
"""Index of a sentence and a right paraphrase of it."""

_SWAPS = {
    "unit": (
        "mg>g|mg>mcg|days>weeks|weeks>months|kg>g|hours>days|months>weeks|minutes>hours|mL/min>L/min"
        "|cells/µL>cells/mL|IU>mg"
    ),
    "limit": (
        "below>above|above>below|under>over|at least>at most|less>more|or more>or less|older>younger"
        "|lower than>higher than|up to>at least"
    ),
    "polarity": (
        "Do not>Do|is not>is|must not>must|Avoid>Use|should be>should not be|Give>Do not give"
        "|Start>Do not start|Refer>Do not refer|must be>need not be|is contraindicated>is recommended"
        "|avoided>preferred|receive>do not receive"
    ),
    "frequency": (
        "once daily>twice daily|twice daily>once daily|daily>weekly|once a day>four times a day"
        "|three times a day>once a day|every 6 months>every 2 months|monthly>daily"
    ),
    "drug": (
        "tenofovir>abacavir|metformin>glibenclamide|dolutegravir>efavirenz|isoniazid>rifampicin"
        "|zidovudine>stavudine|nevirapine>efavirenz|warfarin>insulin|Amoxicillin>Ciprofloxacin"
        "|amlodipine>atenolol|oxytocin>misoprostol|Prednisolone>Paracetamol|ibuprofen>morphine"
        "|abacavir>lamivudine|simvastatin>atorvastatin|enalapril>losartan|gentamicin>amikacin"
    ),
    "people": (
        "adults>children|Pregnant women>Men|Children>Adults|infants>adults|women>men|Adolescents>Infants"
        "|Newborns>Adolescents|in adults>|elderly>young|child>adult"
    ),
    "opposite": (
        "before>after|after>before|Start>Stop|Stop>Continue|Reduce>Increase|safe>hazardous"
        "|positive>negative|first>last|severe>mild|evening>morning|increases>reduces|lowers>raises"
        "|intramuscular>intravenous|high>low|effective>ineffective|active>inactive|Delay>Promptly give"
        "|continued>stopped"
    ),
    "modality": "must>may|may>must|always>sometimes|Only a>A|until>from",
    "word": (
        "creatinine>bilirubin|potassium>sodium|haemoglobin>glucose|viral load>blood sugar|gout>asthma"
        "|syphilis>malaria|pneumonia>meningitis|hypertension>diabetes|hepatitis>gastritis|wound>eye"
        "|stiff neck>sore throat|food>milk|nurse>relative|hospital>pharmacy|muscle>kidney|bite>burn"
        "|CD4>platelet|water>alcohol"
    ),
}
"""Words and their replacements by the kind of the change."""


def mutants(seed: int) -> Iterator[tuple[int, str, str]]:
    """Yield index of the sentence, kind of the change, and the changed sentence, in an order by seed."""
    found = []
    for index, sentence in enumerate(SENTENCES):
        for kind, swaps in _SWAPS.items():
            for old, _, new in (swap.partition(">") for swap in swaps.split("|")):
                changed = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, sentence, count=1)
                found += [(index, kind, changed)] * (changed != sentence)
        found += [(index, "number", changed) for changed in _other_numbers(sentence, seed + index)]
    Random(seed).shuffle(found)
    yield from found


def _other_numbers(sentence: str, seed: int) -> Iterator[str]:
    draw = Random(seed)
    for match in re.finditer(r"(?<![\w.,])\d+(?:[.,]\d+)?", sentence):
        value = match[0].replace(",", "")
        others = [f"{value}0", str(int(float(value)) + draw.randint(1, 9)), f"0.{value.replace('.', '')}"]
        yield sentence[: match.start()] + draw.choice(others) + sentence[match.end() :]


def _soft_hyphens(text: str) -> str:
    return re.sub(r"(?<=[a-z]{4})(?=[a-z]{4})", "\u00ad", text, count=3)


def _line_ends(text: str) -> str:
    return re.sub(r" (?=[a-z]{3})", "\n  ", text, count=2).replace("treatment", "treat-\nment")


LAYOUTS: tuple[Callable[[str], str], ...] = (
    str.upper,
    _soft_hyphens,
    _line_ends,
    lambda text: text.replace(" mg", "mg").replace(" kg", "kg"),
    lambda text: text.replace("-", "\u2011").replace("1,000", "1\u202f000"),
    lambda text: text.replace("once daily", "once a day").replace("twice daily", "two times a day"),
    lambda text: re.sub(r"(?<=\d) (?=[a-z])", "\u00a0", text),
)
"""Changes of the spelling that keep the meaning."""


def twins() -> Iterator[tuple[int, str]]:
    """Yield index of the sentence and a spelling of it that means the same."""
    for index, sentence in enumerate(SENTENCES):
        for change in LAYOUTS:
            if (changed := change(sentence)) != sentence:
                yield index, changed
