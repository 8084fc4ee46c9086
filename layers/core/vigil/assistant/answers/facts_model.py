"""Facts of a text that change its meaning: numbers, limits, frequencies, doses, drugs, populations and negations."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vigil.assistant.answers import lexicon_model as lexicon
from vigil.assistant.answers.folding_model import fold

_TOKEN = re.compile(r"3tc(?!\w)|(?:(?<=\s)-)?\d+(?:\.\d+)?|[^\W\d_][^\W_]*(?:'[^\W\d_]+)?|[^\s\w]")
_CLAUSE_ENDS = {",", ";", ":", ".", "(", ")", "and", "but", "if", "when", "while", "because", "unless", "although"}
_WITHOUT_CONTENT = lexicon.STOP_WORDS | lexicon.NEGATIONS | lexicon.MODALITY.keys()
_FREQUENCY_WORDS = lexicon.COUNT_WORDS.keys() | lexicon.LATIN_FREQUENCIES.keys() | lexicon.ADVERBS.keys()
_FREQUENCY_WORDS |= {"every", "each", "a", "per", "/"}
_PADDING = 16
"""Empty tokens after the last one, so that phrases can be compared at the end of a text."""
_MAX_GAP = 3
"""Maximum words between a limit and its number."""


class Quantity(NamedTuple):
    """A number with its canonical unit, which is empty for a bare number."""

    value: float
    unit: str


class Limit(NamedTuple):
    """A comparison with a quantity; `sign` is one of < > <= >=."""

    sign: str
    quantity: Quantity


class Dose(NamedTuple):
    """A quantity of a drug."""

    drug: str
    quantity: Quantity


@dataclass(slots=True)
class Clause:
    """A part of a sentence between commas and conjunctions, with its stems and quantities.

    Two negations make a clause positive, as in `should not be avoided`.
    """

    stems: set[str] = field(default_factory=set)
    quantities: set[Quantity] = field(default_factory=set)
    is_negative: bool = False
    warns: bool = False

    @property
    def advises_against(self) -> bool:
        """True if the clause does not recommend the drugs that it names."""
        return self.is_negative or self.warns


@dataclass(slots=True)
class Facts:
    """The facts of a text, read once from left to right. Frequencies are per day.

    `opposites` are group and side of the words that exclude each other, and `stems` the stems of content words, both in
    the order of the text.
    """

    quantities: set[Quantity] = field(default_factory=set)
    limits: list[Limit] = field(default_factory=list)
    frequencies: set[float] = field(default_factory=set)
    doses: set[Dose] = field(default_factory=set)
    drugs: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)
    modality: set[str] = field(default_factory=set)
    opposites: list[tuple[int, int]] = field(default_factory=list)
    stems: list[str] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)


def read_facts(text: str) -> Facts:
    """Return the facts of a text. The work is linear in its length."""
    reader = _FactReader(_TOKEN.findall(fold(text).text))
    reader.read()
    return reader.facts


class _FactReader:
    """A place in the tokens of a text, with the facts before it."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.facts = Facts(clauses=[Clause()])
        self._end = len(tokens)
        self._tokens = [*tokens, *[""] * _PADDING]
        self._numbers = list(map(_read_token, self._tokens))
        self._place = 0
        self._drug = ""
        self._waiting: tuple[str, int] = ("", 0)
        """Sign of a limit that waits for its number, and the last place for the number."""

    def read(self) -> None:
        while self._place < self._end:
            if not (self._read_frequency() or self._read_limit() or self._read_number()):
                self._read_word(self._tokens[self._place])
                self._place += 1
        self.facts.clauses = [each for each in self.facts.clauses if each.stems or each.quantities or each.is_negative]

    def _token(self, ahead: int = 0) -> str:
        return self._tokens[self._place + ahead]

    def _number(self, ahead: int = 0) -> float | None:
        return self._numbers[self._place + ahead]

    def _read_frequency(self) -> bool:
        """Read `twice a day`, `2 times daily`, `every 12 hours`, `daily`, `per day` or `bd`."""
        token, number = self._token(), self._number()
        if number is None and token not in _FREQUENCY_WORDS:
            return False
        count, ahead = (float(lexicon.COUNT_WORDS.get(token, 0)), 1)
        if number and self._token(1) in {"times", "time"}:
            count, ahead = number, 2
        if token in {"every", "each"} and not count:
            return self._read_interval()
        if token in lexicon.LATIN_FREQUENCIES:
            return self._add_frequency(lexicon.LATIN_FREQUENCIES[token], 1)
        ahead = ahead if count else 0
        if (period := lexicon.ADVERBS.get(self._token(ahead))) is not None:
            return self._add_frequency((count or 1) / lexicon.PERIODS[period], ahead + 1)
        period = lexicon.UNITS.get(self._token(ahead + 1), "")
        words = {"a", "an", "per", "each", "every", "/"} if count else {"a", "per", "/"}
        if self._token(ahead) in words and period in lexicon.PERIODS and self._previous_is_amount(ahead):
            return self._add_frequency((count or 1) / lexicon.PERIODS[period], ahead + 2)
        return False

    def _previous_is_amount(self, ahead: int) -> bool:
        """True after a count or a unit: `mg per day`, but not `for a day`."""
        return ahead > 0 or (self._place > 0 and self._tokens[self._place - 1] in lexicon.UNITS)

    def _read_interval(self) -> bool:
        number = 2.0 if self._token(1) in {"other", "second", "alternate"} else self._number(1)
        ahead = 1 if number is None else 2
        period = lexicon.UNITS.get(self._token(ahead), "")
        if period not in lexicon.PERIODS or number == 0:
            return False
        return self._add_frequency(1 / ((number or 1) * lexicon.PERIODS[period]), ahead + 1)

    def _add_frequency(self, per_day: float, tokens: int) -> bool:
        self.facts.frequencies.add(round(per_day, 6))
        self._place += tokens
        return True

    def _read_limit(self) -> bool:
        """Read a limit before a number, and remember it for the number."""
        found = self._phrase(lexicon.LIMITS_BEFORE)
        if found is None or not any(self._number(len(found[0]) + gap) is not None for gap in range(_MAX_GAP)):
            return False
        self._place += len(found[0])
        self._waiting = (found[1], self._place + _MAX_GAP)
        return True

    def _phrase(
        self, table: Mapping[str, tuple[tuple[lexicon.Phrase, str], ...]], ahead: int = 0
    ) -> tuple[lexicon.Phrase, str] | None:
        for words, value in table.get(self._token(ahead), ()):
            if all(self._token(ahead + index) == word for index, word in enumerate(words)):
                return words, value
        return None

    def _read_number(self) -> bool:
        """Read a number or a range with its unit and its limit."""
        if (value := self._number()) is None:
            return False
        values, ahead = [value], 1
        while (following := self._number(ahead + 1)) is not None and self._token(ahead) in {"-", "to", "or", "and"}:
            values.append(following)
            ahead += 2
        unit, after = self._unit(ahead)
        if not unit and self._token() in lexicon.NUMBER_WORDS:
            return False
        quantities = [_canonical(each, unit) for each in values]
        self.facts.quantities.update(quantities)
        self.facts.clauses[-1].quantities.update(quantities)
        self._add_limit(quantities[0], after)
        self._add_doses(quantities, after)
        self._place += after
        return True

    def _unit(self, ahead: int) -> tuple[str, int]:
        """Return the unit at a place, such as `mg/kg`, and the place after it."""
        unit = lexicon.UNITS.get(self._token(ahead), "")
        if not unit:
            return "", ahead
        ahead += 1
        while self._token(ahead) in {"/", "per"}:
            divisor = lexicon.UNITS.get(self._token(ahead + 1), "")
            if not divisor or (divisor in lexicon.PERIODS and divisor != "minute"):
                break
            unit, ahead = f"{unit}/{divisor}", ahead + 2
        return unit, ahead

    def _add_limit(self, quantity: Quantity, after: int) -> None:
        sign, last = self._waiting
        if sign and self._place <= last:
            self.facts.limits.append(Limit(sign, quantity))
            self._waiting = ("", 0)
            return
        for gap in range(_MAX_GAP):
            if found := self._phrase(lexicon.LIMITS_AFTER, after + gap):
                self.facts.limits.append(Limit(found[1], quantity))
                return

    def _add_doses(self, quantities: Sequence[Quantity], after: int) -> None:
        """Bind doses to the drug that follows, as in `300 mg of tenofovir`, or else to the drug before them."""
        following = self._token(after + 1) if self._token(after) == "of" else self._token(after)
        drug = lexicon.drug_name(following) or self._drug
        if drug:
            self.facts.doses.update(Dose(drug, each) for each in quantities if each.unit in lexicon.DOSE_UNITS)

    def _read_word(self, word: str) -> None:
        facts = self.facts
        if word in _CLAUSE_ENDS:
            facts.clauses.append(Clause())
        clause = facts.clauses[-1]
        clause.is_negative ^= word in lexicon.NEGATIONS
        clause.warns |= word in lexicon.CAUTIONS
        if word in lexicon.CONDITIONS:
            facts.conditions.add(word)
        if word in lexicon.MODALITY:
            facts.modality.add(lexicon.MODALITY[word])
        if word in lexicon.OPPOSITES:
            facts.opposites.append(lexicon.OPPOSITES[word])
        if word in lexicon.PEOPLE:
            facts.people.add(lexicon.PEOPLE[word])
        if drug := lexicon.drug_name(word):
            self._drug = drug
            facts.drugs.add(drug)
        if word[0].isalpha() and word not in _WITHOUT_CONTENT:
            stem = drug or lexicon.stem(word)
            facts.stems.append(stem)
            clause.stems.add(stem)


def _read_token(token: str) -> float | None:
    is_number = token[-1:].isdecimal() and (token[0] == "-" or token[0].isdecimal())
    return float(token) if is_number else lexicon.NUMBER_WORDS.get(token)


def _canonical(value: float, unit: str) -> Quantity:
    factor, common = lexicon.SCALES.get(unit, (1, unit))
    return Quantity(round(value * factor, 6), common)
