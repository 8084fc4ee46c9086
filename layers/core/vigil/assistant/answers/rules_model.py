"""Contraindication rules that documents declare: conditions on the patient context, and the drugs to avoid.

A version of a document has its rules beside it, as JSON:

    {"rules": [{"rule": "tenofovir-kidney", "when": {"creatinine_clearance_below": 50}, "avoid": ["tenofovir", "TDF"],
                "sentence": "Avoid tenofovir in patients with creatinine clearance below 50 mL/min."}]}

`sentence` is a sentence of the same version; it is the citation of the rule. All conditions of `when` must be true. The
conditions are `sex`, `pregnant`, `breastfeeding`; `age_below` and `age_from` in years, `weight_below` and `weight_from`
in kg, `creatinine_clearance_below` and `creatinine_clearance_from` in mL/min; and `takes` and `allergic_to`, which are
true for any of their names.
"""

import operator
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vigil.assistant.answers.facts_model import Clause, read_facts
from vigil.assistant.answers.folding_model import fold
from vigil.assistant.answers.lexicon_model import DRUG_NAMES, stem
from vigil.assistant.answers.model import Citation, Statement
from vigil.assistant.answers.patient_context_model import PatientContext

_WORD = re.compile(r"3tc(?!\w)|[^\W_]+")

ConditionValue = bool | float | str | tuple[str, ...]
CONDITIONS: Mapping[str, tuple[str, str]] = {
    "sex": ("sex", "is"),
    "pregnant": ("pregnant", "is"),
    "breastfeeding": ("breastfeeding", "is"),
    "age_below": ("age_years", "below"),
    "age_from": ("age_years", "from"),
    "weight_below": ("weight_kg", "below"),
    "weight_from": ("weight_kg", "from"),
    "creatinine_clearance_below": ("creatinine_clearance_ml_min", "below"),
    "creatinine_clearance_from": ("creatinine_clearance_ml_min", "from"),
    "takes": ("medicines", "any"),
    "allergic_to": ("allergies", "any"),
}
"""Fact of the context and comparison by the name of a condition."""
_COMPARISONS = {"is": operator.eq, "below": operator.lt, "from": operator.ge}


@dataclass(frozen=True, slots=True)
class ContraindicationRule:
    """A rule of a document version. `avoid` are names of the same drug or of several ones."""

    name: str
    when: Mapping[str, ConditionValue]
    avoid: tuple[str, ...]
    citation: Citation


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Contraindications of a patient, the names of the drugs to avoid, and the missing facts of the context."""

    statements: tuple[Statement, ...] = ()
    avoided: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()


def apply_rules(rules: Iterable[ContraindicationRule], context: PatientContext, texts: Sequence[str]) -> RuleResult:
    """Return the result of the rules of active versions.

    A rule counts if a drug to avoid is in the texts or in the patient's medicines. `texts` are the question and the
    passages found. A condition with an unknown fact is neither true nor false: the rule does not apply, and the fact is
    missing unless another condition is false.
    """
    said = _words(" . ".join([*texts, *(context.medicines or ())]))
    statements: dict[Citation, Statement] = {}
    avoided: set[str] = set()
    missing: dict[str, None] = {}
    for rule in rules:
        if not any(_words(name) in said for name in rule.avoid):
            continue
        results = [(CONDITIONS[name][0], _is_met(name, value, context)) for name, value in rule.when.items()]
        if all(result for _, result in results):
            statements[rule.citation] = Statement("contraindication", rule.citation)
            avoided.update(rule.avoid)
        elif all(result is not False for _, result in results):
            missing |= dict.fromkeys(fact for fact, result in results if result is None)
    return RuleResult(tuple(statements.values()), frozenset(avoided), tuple(missing))


def without_avoided(statements: Sequence[Statement], avoided: Collection[str]) -> tuple[Statement, ...]:
    """Return the statements without those that name a drug to avoid in a clause that does not advise against it."""
    names = [{stem(word) for word in _words(name).split()} for name in avoided]
    return tuple(each for each in statements if not _recommends(each.citation.quote, names))


def _recommends(text: str, names: Sequence[set[str]]) -> bool:
    return any(_names_any(clause, names) and not clause.advises_against for clause in read_facts(text).clauses)


def _names_any(clause: Clause, names: Sequence[set[str]]) -> bool:
    return any(name <= clause.stems for name in names)


def _words(text: str) -> str:
    """Return the folded words of a text, each with a space on both sides, with the common names of drugs."""
    return "".join(f" {DRUG_NAMES.get(word, word)} " for word in _WORD.findall(fold(text).text))


def _is_met(name: str, value: ConditionValue, context: PatientContext) -> bool | None:
    fact, comparison = CONDITIONS[name]
    known = getattr(context, fact)
    if known is None:
        return None
    if isinstance(value, tuple):
        return bool({_words(each) for each in value} & {_words(each) for each in known})
    return bool(_COMPARISONS[comparison](known, value))
