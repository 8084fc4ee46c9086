"""Numbers with a clinical meaning: doses, intervals, results and times. Pure functions."""

import re
from itertools import pairwise

from vigil.privacy.masking.vocabulary_model import word_set

MASS_UNITS = word_set(
    "mg g kg mcg ug ng pg ml l dl ul iu u mu mmol umol nmol meq cells cell copies copy cps cfu units unit kcal "
    "steps milligrams milligram micrograms microgram grams gram millilitres millilitre litres litre nanograms"
)
"""Units of quantities and results, in small letters. Numbers of four digits and more may stand before them."""
OTHER_UNITS = word_set(
    "mm cm m mm3 m2 m3 mmhg cmh2o bpm kpa hour hours hourly hrs hr h minute minutes min mins second seconds sec "
    "day days d daily week weeks weekly wk wks month months monthly mth mths year years yr yrs yo y old times "
    "time x tablet tablets tabs tab capsule capsules caps cap pill pills drop drops puff puffs dose doses "
    "injection injections visit visits percent c f f. degrees degree points point log log10 episodes sachets "
    "vials ampoules patients women men children people"
)
"""Other units, in small letters. At most three digits stand before them."""
LABELS = word_set(
    "cd4 cd8 vl load count counts level levels creatinine platelets platelet ferritin wbc haemoglobin hemoglobin "
    "hb alt ast glucose sugar egfr crcl clearance bp pulse temperature temp weight wt height muac bmi spo2 sats "
    "rr hr dose dosage lymphocytes neutrophils amylase lipase ldh ck troponin bilirubin albumin urea sodium "
    "potassium hba1c psa crp esr cholesterol age aged gestation parity stage grade score lactate uric tsh ggt alp "
    "ph"
)
"""Words before a result, in small letters."""
YEAR_WORDS = word_set("in since from until till year during by of before after to early late mid")
"""Words before a year, in small letters."""

_UNIT = "|".join(map(re.escape, sorted(MASS_UNITS | OTHER_UNITS, key=len, reverse=True)))
_QUANTITY = "|".join(sorted(MASS_UNITS, key=len, reverse=True))
_TAIL = r"(?: ?(?:-|/|,|to|and|or|x) ?\d{1,4}(?:,\d{3}|\.\d{1,3})?){0,5}"
_BEFORE_UNIT = re.compile(rf"{_TAIL} ?(?:%(?![^\W_])|[-/]? ?(?:{_UNIT})(?![^\W_]))", re.IGNORECASE)
_BEFORE_QUANTITY = re.compile(rf"{_TAIL} ?(?:{_QUANTITY})(?![^\W_])", re.IGNORECASE)
_FILLER = (
    "count|level|load|result|value|of|is|was|at|now|to|from|and|the|than|less|more|greater|below|above|about|under|over"
)
_AFTER_LABEL = re.compile(
    rf"(?<![^\W_])(?=[^\W_])(?:{'|'.join(LABELS)})\b(?: ?(?:{_FILLER})\b){{0,4}}[ :=<>~(]{{0,4}}$", re.IGNORECASE
)
_AFTER_COUNT = re.compile(
    rf"(?<![^\W_])(?:vl|load|platelets?|copies|count|wbc|ferritin)\b(?: ?(?:{_FILLER})\b){{0,4}}[ :=<>~(]{{0,4}}$",
    re.IGNORECASE,
)
_BEFORE_COUNT = re.compile(
    rf"{_TAIL} ?[-/]? ?(?:copies|copy|cps|cells?|cfu|ul|iu|units?|u|ml|l|mm3)(?![^\W_])", re.IGNORECASE
)
_MAX_SMALL_DIGITS = 4
_AFTER_YEAR_WORD = re.compile(rf"(?<![^\W_])(?:{'|'.join(YEAR_WORDS)})(?: the)? ?$", re.IGNORECASE)
_NUMBER = re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3}){1,2}|0|[1-9]\d{0,6})(?:\.\d{1,4})?")
_CONTINUES = re.compile(r"[ .-]?\d{2,}")
_WINDOW = 48


def has_meaning(text: str, start: int, end: int) -> bool:
    """Return True if the number in this range has a unit after it or the name of a result before it.

    A number has at most seven digits before the point, and no zero before others. From five digits on, it needs a
    unit such as `copies/mL`, or the name of a result that has so many, such as `viral load`.
    """
    number, after, before = text[start:end], text[end : end + _WINDOW], text[max(0, start - _WINDOW) : start]
    if not _NUMBER.fullmatch(number):
        return False
    whole = number.partition(".")[0].replace(",", "")
    if len(whole) > _MAX_SMALL_DIGITS:
        return bool(_BEFORE_COUNT.match(after)) or (bool(_AFTER_COUNT.search(before)) and not _CONTINUES.match(after))
    if _AFTER_LABEL.search(before) and not _CONTINUES.match(after):
        return True
    return bool((_BEFORE_UNIT if len(whole) <= 3 else _BEFORE_QUANTITY).match(after))


def is_year(text: str, start: int, end: int, newest: int) -> bool:
    """Return True for a year of the last century or this one after a word such as `since`."""
    number = text[start:end]
    is_four = len(number) == 4 and number.isdigit() and 1900 < int(number) <= newest
    return is_four and bool(_AFTER_YEAR_WORD.search(text[max(0, start - 12) : start]))


_PLAIN = re.compile(
    r"(?:[5-9]\d|[12]\d\d)/(?:[2-9]\d|1[0-4]\d)"  # blood pressure
    r"|(?:[01]?\d|2[0-3]):[0-5]\d"  # time of day
    r"|\d{1,3}\.\d{1,2}|[1-9]?\d{1,2}|0"
    r"|1:[1-9]\d{0,3}"  # titre
    r"|[1-9]?\d/(?:7|12|52)"  # days, months and weeks
    r"|\d(?:[-/]\d){2,3}"  # doses of a day
)
_PAIR = re.compile(r"([1-9]\d?) ?(?:-|/) ?([1-9]\d?)")


def is_plain(chain: str) -> bool:
    """Return True if digits and separators are a short number, a range, a ratio, a blood pressure or a time.

    A pair that falls, such as 14/5, is the day and month of a date.
    """
    pair = _PAIR.fullmatch(chain)
    is_range = pair is not None and int(pair[1]) <= int(pair[2])
    return is_range or _PLAIN.fullmatch(chain) is not None or _is_ascending(chain)


def _is_ascending(chain: str) -> bool:
    """Return True for a list such as `6, 10, 14`, whose numbers of at most three digits grow."""
    parts = chain.split(", ")
    if not 1 < len(parts) <= 6 or not all(part.isdigit() and len(part) <= 3 and part[0] != "0" for part in parts):
        return False
    return all(int(low) < int(high) for low, high in pairwise(parts))
