"""Documents of contraindication rules, read and checked against their version."""

import re

from vigil.assistant.answers.folding_model import FoldedText, fold, locate
from vigil.assistant.answers.model import Citation
from vigil.assistant.answers.patient_context_model import BOUNDS
from vigil.assistant.answers.questions_model import normalise_name
from vigil.assistant.answers.rules_model import CONDITIONS, ConditionValue, ContraindicationRule
from vigil.assistant.answers.statements_model import cite, is_showable
from vigil.assistant.passages.model import VersionText
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.grammar import read_number

MAX_RULES = 100
"""Maximum rules of a document version."""
MAX_RULE_NAMES = 20
"""Maximum names in a list of a rule."""
_RULE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_MEMBERS = {"rule", "when", "avoid", "sentence"}


def read_rules(document: object, version: VersionText) -> tuple[ContraindicationRule, ...]:
    """Return the rules of a parsed JSON document. Raises InvalidInput with all errors.

    The sentence of each rule is a showable sentence of the version in any spelling; its citation has the version's own.
    """
    rules = document.get("rules") if isinstance(document, dict) and set(document) == {"rules"} else None
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        raise InvalidInput(
            FieldError("rules", "must be a list, the only member of the document", f"at most {MAX_RULES} rules")
        )
    folded = fold(version.text)
    read: list[ContraindicationRule] = []
    errors: list[FieldError] = []
    for place, rule in enumerate(rules):
        try:
            read.append(_read_rule(f"rules.{place}", rule, version, folded))
        except InvalidInput as refused:
            errors += refused.errors
    if len({rule.name for rule in read}) < len(read):
        errors.append(FieldError("rules", "have one name twice; give each rule its own", "each name once"))
    if errors:
        raise InvalidInput(*errors)
    return tuple(read)


def _read_rule(field: str, rule: object, version: VersionText, folded: FoldedText) -> ContraindicationRule:
    if not isinstance(rule, dict) or set(rule) != _MEMBERS:
        raise InvalidInput(FieldError(field, "must have exactly the members of a rule", ", ".join(sorted(_MEMBERS))))
    name, when = rule["rule"], rule["when"]
    if not isinstance(name, str) or not _RULE_NAME.fullmatch(name):
        raise InvalidInput(
            FieldError(
                f"{field}.rule", "must be a name such as tenofovir-kidney", "1 to 64 lowercase letters, digits and -"
            )
        )
    if not isinstance(when, dict) or not when or not set(when) <= set(CONDITIONS):
        raise InvalidInput(FieldError(f"{field}.when", "must have at least one known condition", ", ".join(CONDITIONS)))
    return ContraindicationRule(
        name=name,
        when={each: _read_condition(f"{field}.when.{each}", each, value) for each, value in when.items()},
        avoid=_read_names(f"{field}.avoid", rule["avoid"]),
        citation=_cite_sentence(f"{field}.sentence", rule["sentence"], version, folded),
    )


def _read_condition(field: str, name: str, value: object) -> ConditionValue:
    fact, comparison = CONDITIONS[name]
    if comparison == "any":
        return _read_names(field, value)
    if comparison == "is":
        return _read_sex(field, value) if fact == "sex" else _read_truth(field, value)
    lowest, highest, unit = BOUNDS[fact]
    span = f"{lowest:g} to {highest:g} {unit}"
    try:
        number = read_number(value)
    except ValueError as refused:
        raise InvalidInput(FieldError(field, f"must be a number in {unit}", span)) from refused
    if not lowest <= number <= highest:
        raise InvalidInput(FieldError(field, f"must be {span}; check the unit", span))
    return number


def _read_sex(field: str, value: object) -> str:
    if value not in ("female", "male"):
        raise InvalidInput(FieldError(field, "must be female or male", "female, male"))
    return str(value)


def _read_truth(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(FieldError(field, "must be true or false", "true, false"))
    return value


def _read_names(field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RULE_NAMES:
        raise InvalidInput(FieldError(field, "must be a list of names", f"1 to {MAX_RULE_NAMES} names"))
    return tuple(
        normalise_name(each if isinstance(each, str) else "", f"{field}.{place}") for place, each in enumerate(value)
    )


def _cite_sentence(field: str, sentence: object, version: VersionText, folded: FoldedText) -> Citation:
    """Return the citation of the whole sentences of one passage in which a text lies."""
    found = locate(sentence, folded) if isinstance(sentence, str) else None
    start, end = (len(version.text[:place].encode()) for place in found or (0, 0))
    for passage in version.passages:
        if found and passage.span.start <= start and end <= passage.span.end:
            within = [
                index
                for index, span in enumerate(passage.sentences)
                if passage.span.start + span.start < end and start < passage.span.start + span.end
            ]
            citation = cite(passage, within[0], within[-1])
            if is_showable(citation.quote):
                return citation
    raise InvalidInput(
        FieldError(field, "must be a sentence of this version; copy it from the text", "a sentence of at least 3 words")
    )
