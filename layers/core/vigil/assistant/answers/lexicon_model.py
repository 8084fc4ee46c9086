"""Words that carry clinical meaning: units, limits, frequencies, negations, opposites, populations and drugs.

Drugs are found by the stems of international nonproprietary names (WHO, 2018), and by a list of names without a stem.
"""

from collections.abc import Mapping

Phrase = tuple[str, ...]


def _words(text: str) -> set[str]:
    return set(text.split())


NUMBER_WORDS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=1
    )
}

_UNIT_SPELLINGS = {
    "mg": "mg milligram milligrams milligramme milligrammes",
    "g": "g gram grams gramme grammes",
    "mcg": "mcg ug microgram micrograms microgramme microgrammes",
    "kg": "kg kilogram kilograms kilo kilos",
    "l": "l litre litres liter liters",
    "ml": "ml millilitre millilitres milliliter milliliters",
    "dl": "dl decilitre decilitres deciliter deciliters",
    "ul": "ul mm3 microlitre microlitres microliter microliters",
    "mmol": "mmol millimole millimoles",
    "umol": "umol micromole micromoles",
    "mmhg": "mmhg",
    "iu": "iu",
    "unit": "unit units",
    "%": "% percent",
    "copy": "copies copy",
    "cell": "cells cell",
    "minute": "minute minutes min mins",
    "hour": "hour hours hr hrs h",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years",
    "cm": "cm centimetre centimetres",
    "m2": "m2",
    "tablet": "tablet tablets",
    "capsule": "capsule capsules",
    "drop": "drop drops",
    "dose": "dose doses",
    "session": "session sessions",
    "visit": "visit visits",
    "times": "times",
    "c": "c",
}
UNITS: Mapping[str, str] = {word: unit for unit, words in _UNIT_SPELLINGS.items() for word in words.split()}
"""Canonical unit by spelling."""
SCALES: Mapping[str, tuple[float, str]] = {
    "g": (1000, "mg"), "mcg": (0.001, "mg"), "l": (1000, "ml"), "dl": (100, "ml"), "week": (7, "day"),
}  # fmt: skip
"""Factor and common unit of units that measure the same quantity."""
DOSE_UNITS = {"mg", "ml", "iu", "unit", "tablet", "capsule", "drop", "mg/kg", "mg/kg/day", "mg/day"}
PERIODS: Mapping[str, float] = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
"""Days of a period in frequencies."""
ADVERBS: Mapping[str, str] = {
    "daily": "day", "nightly": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annually": "year",
    "hourly": "hour",
}  # fmt: skip
COUNT_WORDS: Mapping[str, int] = {"once": 1, "twice": 2, "thrice": 3}
LATIN_FREQUENCIES: Mapping[str, float] = {"od": 1, "qd": 1, "bd": 2, "bid": 2, "tds": 3, "tid": 3, "qid": 4}


def _phrases(table: Mapping[str, str]) -> Mapping[str, tuple[tuple[Phrase, str], ...]]:
    """Return the phrases by their first word, the longest first. The values of the table separate phrases by `|`."""
    found = sorted(
        ((tuple(phrase.split()), value) for value, phrases in table.items() for phrase in phrases.split("|")),
        key=lambda each: -len(each[0]),
    )
    return {first: tuple(each for each in found if each[0][0] == first) for first in {each[0][0] for each in found}}


LIMITS_BEFORE = _phrases({
    "<": "below|less than|lower than|under|younger than|fewer than|shorter than|lighter than|<|drops below|falls below",
    ">": "above|more than|over|greater than|higher than|older than|longer than|exceeds|exceed|exceeding|>|beyond",
    ">=": "at least|not below|not less than|no less than|not lower than|> =|from the age of|minimum of|a minimum of",
    "<=": "at most|up to|not more than|no more than|not above|not exceed|not exceeding|not over|< =|maximum of"
    "|a maximum of",
})  # fmt: skip
"""Limits by the first word of a phrase before a number."""
LIMITS_AFTER = _phrases({
    ">=": "or more|or above|or older|or over|or higher|or greater|or longer|and above|and older|and over|and more",
    "<=": "or less|or below|or younger|or under|or lower|or fewer|or shorter|and below|and younger|and under",
})  # fmt: skip
"""Limits by the first word of a phrase after a number."""

NEGATIONS = _words(
    "not no never without neither cannot can't don't doesn't isn't aren't shouldn't mustn't avoid avoids avoided"
    " avoiding contraindicated withhold withheld prohibited unsafe unless except excluding discontinue discontinued"
    " unsuitable inappropriate forbid forbidden refrain omit"
)
CAUTIONS = _words(
    "stop stopped replace replaced substitute substituted switch switched instead interrupt toxicity toxic harm harmful"
    " caution risk worsen worsens"
)
"""Words of a clause that does not recommend the drugs it names, without a negation."""
CONDITIONS = {"only", "unless", "except", "until"}
"""Words that limit a statement. A paraphrase that omits or adds one changes the meaning."""
STRONG, WEAK = "strong", "weak"
MODALITY: Mapping[str, str] = {
    **dict.fromkeys(_words("must required mandatory always shall"), STRONG),
    **dict.fromkeys(_words("may might could consider considered optional sometimes"), WEAK),
}

_OPPOSITES = (
    "before/after start,starts,started,starting,begin,begins,begun,initiate/continue,continues,continued"
    "/stop,stops,stopped,stopping,discontinue,discontinued,interrupt,interrupted,end,ends,finish"
    " delay,delayed,postpone,defer/immediately,promptly increase,increases,increased,raise,double"
    "/reduce,reduces,reduced,halve,decrease,decreased higher,high,elevated/lower,low indicated/contraindicated"
    " safe,harmless/unsafe,hazardous,harmful,dangerous morning/evening,night,bedtime returning/new positive/negative"
    " first/second/third/last early/late inside/outside oral,orally/intravenous,intravenously"
    "/intramuscular,intramuscularly effective/ineffective common/rare normal/abnormal active/inactive"
    " detectable/undetectable suppressed/unsuppressed treated/untreated acute/chronic mild/moderate/severe"
    " same/different warm/cold wet/dry empty/full left/right systolic/diastolic accept/refuse"
    " improve,improves/worsen,worsens major/minor gain/loss rise/fall"
)


def _opposites() -> Mapping[str, tuple[int, int]]:
    groups = [group.split("/") for group in _OPPOSITES.split()]
    return {
        word: (number, place)
        for number, sides in enumerate(groups)
        for place, words in enumerate(sides)
        for word in words.split(",")
    }


OPPOSITES = _opposites()
"""Number of the group and number of the side by word; words of different sides of a group exclude each other."""

_PEOPLE = {
    "adult": "adult adults",
    "child": "child children paediatric pediatric kid kids",
    "infant": "infant infants baby babies newborn newborns neonate neonates neonatal",
    "adolescent": "adolescent adolescents teenager teenagers teenage",
    "pregnant": "pregnant pregnancy pregnancies",
    "breastfeeding": "breastfeeding breastfeed breastfeeds lactating lactation",
    "man": "man men male males boy boys",
    "woman": "woman women female females girl girls",
    "older": "elderly",
}
PEOPLE: Mapping[str, str] = {word: group for group, words in _PEOPLE.items() for word in words.split()}
"""Population by word."""

_DRUG_ENDINGS = tuple(
    _words(
        "vir vudine citabine cillin mycin micin azole floxacin cycline statin sartan april opril olol dipine formin"
        " gliptin gliflozin glitazone prazole setron triptan caine barbital azepam zolam oxetine thiazide semide"
        " lukast sone meterol moterol solone parin xaban gatran oquine bendazole inib umab ximab zumab"
    )
)
"""Stems of international nonproprietary names at the end of a word."""
_DRUG_BEGINNINGS = ("rifa", "sulfa", "cef")
_OTHER_DRUGS = _words(
    "efavirenz nevirapine etravirine rilpivirine isoniazid pyrazinamide ethambutol bedaquiline linezolid"
    " delamanid clofazimine amikacin vancomycin insulin aspirin paracetamol ibuprofen diclofenac morphine tramadol"
    " warfarin digoxin artemether lumefantrine artesunate quinine oxytocin misoprostol phenytoin carbamazepine"
    " valproate levothyroxine spironolactone salbutamol furosemide hydralazine methyldopa glibenclamide gliclazide"
    " dapsone levonorgestrel ivermectin praziquantel haloperidol lithium allopurinol colchicine methotrexate"
    " heparin cotrimoxazole"
)
DRUG_NAMES: Mapping[str, str] = {
    "tdf": "tenofovir", "3tc": "lamivudine", "ftc": "emtricitabine", "dtg": "dolutegravir", "abc": "abacavir",
    "azt": "zidovudine", "efv": "efavirenz", "nvp": "nevirapine", "inh": "isoniazid", "rif": "rifampicin",
    "rifampin": "rifampicin", "trimoxazole": "cotrimoxazole", "acetaminophen": "paracetamol",
    "albuterol": "salbutamol",
}  # fmt: skip
"""Name of a drug by another name or an abbreviation."""

STOP_WORDS = _words(
    "a an and are as at be been being by can do does for from has have he her his how i if in into is it its of on or"
    " our she should so such that the their them then there these they this those to was we were when where which who"
    " whom whose will with would you your also any all each per than but while because about during within out more"
    " less what why did done had s t"
)
"""Words without a meaning of their own."""
_SUFFIXES = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ers", "ed", "es", "s", "ly", "e", "y")
_SYNONYMS = (
    "give,administer,prescribe,offer,provide,use,take,receive,administration,given,taken treat,treatment,therapy"
    " kidney,renal liver,hepatic medicine,medication,drug,medicines birth,delivery fever,febrile"
    " clinic,facility check,measure,test,monitor start,begin,initiate,begun,commence stop,discontinue,cease"
    " raise,increase reduce,decrease,lower patient,person,people,client,individual recommend,advise suggest"
    " result,finding needed,necessary,required repeat,again pain,ache"
)


def drug_name(word: str) -> str:
    """Return the common name of a drug for a folded word, or an empty text for another word."""
    name = DRUG_NAMES.get(word, word)
    is_drug = name in _OTHER_DRUGS or (len(name) >= 6 and name.endswith(_DRUG_ENDINGS))
    return name if is_drug or (len(name) >= 9 and name.startswith(_DRUG_BEGINNINGS)) else ""


def stem(word: str) -> str:
    """Return a folded word without its ending, the same for some synonyms, populations and names of drugs."""
    if named := drug_name(word) or PEOPLE.get(word):
        return named
    return _COMMON_STEMS.get(cut := _cut(word), cut)


def _cut(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


_COMMON_STEMS = {_cut(word): _cut(group.split(",")[0]) for group in _SYNONYMS.split() for word in group.split(",")}
NEUTRAL_STEMS = {stem(word) for word in ("patient", "recommend", "give", "case", "guideline", "guidance")}
"""Stems that a paraphrase may add or omit."""
