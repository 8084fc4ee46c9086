"""Removal of numbers and codes after their label, such as `MRN` or `policy no.`. Pure functions."""

import re
from collections.abc import Iterator

from vigil.privacy.masking.alternatives_model import any_of
from vigil.privacy.masking.clinical_numbers_model import has_meaning
from vigil.privacy.masking.model import Kind
from vigil.privacy.masking.normal_form_model import spliced
from vigil.privacy.masking.surrogates_model import Surrogates
from vigil.privacy.masking.vocabulary_model import Vocabulary

_LABELS: dict[Kind, str] = {
    "RECORD": (
        "mrn nupi ccc upi opd ipd op ip art_no hospital file record chart folder patient_id episode "
        "encounter specimen sample lab_no accession case admission ward_no bed register unique"
    ),
    "HEALTH_PLAN": (
        "insurance member membership policy nhif sha shif medical_aid scheme beneficiary plan_no cover_no nhis"
    ),
    "ACCOUNT": "account acct acc_no a/c iban m-pesa mpesa paybill till card bank invoice receipt",
    "LICENCE": "licence license certificate cert kmpdc nck registration reg permit",
    "VEHICLE": "plate vehicle car taxi matatu bus motorbike boda vin chassis number_plate",
    "DEVICE": ("serial device imei pump implant pacemaker glucometer udi lot batch sn s/n model_no tablet_id asset"),
    "BIOMETRIC": (
        "fingerprint finger_print iris retina retinal voice voiceprint voice_print faceprint biometric biometrics palm"
    ),
    "PHOTO": "photo photograph picture image img selfie",
    "NATIONAL_ID": "id id_card national passport ssn nin huduma alien birth_certificate social_security omang nrc",
    "PHONE": "phone telephone tel mobile cell_no cellphone call whatsapp sms contact number_is msisdn text",
    "FAX": "fax telefax facsimile",
    "CODE": (
        "pin token code barcode ref reference ticket trial study enrolment enrollment participant "
        "serial_code otp key transaction tracking"
    ),
}
_KIND_OF = {label.replace("_", ""): kind for kind, labels in _LABELS.items() for label in labels.split()}
_SPELLINGS = [re.escape(label).replace("_", " ?") for labels in _LABELS.values() for label in labels.split()]
_NAMES = any_of(_SPELLINGS)
_FILLER = (
    r"(?:[ \n]?(?:no|nr|num|numbers?|ids?|codes?|card|plate|print|is|was|are|of|on|at|the|and|or|by|to)\b"
    r"|[ \n]?[:#=.,()\"'-])"
)
_LABEL = re.compile(
    rf"(?<![^\W_])(?=[^\W_])(?P<label>{_NAMES})s?(?![^\W_])(?:'s)?(?P<filler>{_FILLER}{{0,6}})[ \n]?", re.IGNORECASE
)
_GROUP = re.compile(r"[^\W_](?:[^\W_]|[-/_.:*#](?=[^\W_])){0,60}")
_BETWEEN = re.compile(r"[ \n]{1,2}|[ ]?[-/.:,()][ \n]?")
_SECRET = re.compile(
    r"(?i:\b(?:user ?name|username|login|password|passcode|passphrase|handle)\b(?: is| was)?[ :=]{1,3})([^\s,;]{2,60})"
)
_LEADING_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MAX_GROUPS = 12


def mask_labelled(text: str, vocabulary: Vocabulary, surrogates: Surrogates) -> str:
    """Return a text without the codes that follow a label. A code has a digit, and no unit follows it."""
    text = _SECRET.sub(
        lambda match: match[0][: match.start(1) - match.start()] + surrogates.sign("CODE", match[1]), text
    )
    return spliced(text, list(_changes(text, vocabulary, surrogates)))


def _changes(text: str, vocabulary: Vocabulary, surrogates: Surrogates) -> Iterator[tuple[int, int, str]]:
    place = 0
    while match := _LABEL.search(text, place):
        place = match.end("label")
        kind = _KIND_OF["".join(match["label"].lower().split())]
        end = _code_end(text, match.end(), vocabulary)
        if end > match.end():
            yield match.end(), end, surrogates.sign(kind, text[match.end() : end])
            place = end


def _code_end(text: str, start: int, vocabulary: Vocabulary) -> int:
    """Return the end of the code that begins here; `start` itself if the text there is no code."""
    place = end = start
    for _ in range(_MAX_GROUPS):
        group = _GROUP.match(text, place)
        if group is None or not _is_code(text, group, vocabulary):
            break
        if any(map(str.isdigit, group[0])):
            end = group.end()
        between = _BETWEEN.match(text, group.end())
        if between is None:
            break
        place = between.end()
    return end


def _is_code(text: str, group: re.Match[str], vocabulary: Vocabulary) -> bool:
    word = group[0]
    if not any(map(str.isdigit, word)):
        is_letter = len(word) == 1 and word.isupper()
        return is_letter or (len(word) <= 4 and not vocabulary.abbreviates(word) and not vocabulary.knows(word.lower()))
    if vocabulary.abbreviates(word):
        return False
    number = _LEADING_NUMBER.match(word)
    return number is None or not has_meaning(text, group.start(), group.start() + number.end())
