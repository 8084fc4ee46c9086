"""Facts of the rows of a chunk in columns: all rows for late labels, and a sample of them for profiles."""

from array import array
from collections.abc import Sequence
from itertools import repeat
from operator import itemgetter

from vigil.decisions.batches.join_model import JoinFile, kept_features
from vigil.decisions.batches.limits_model import SAMPLE_STEP
from vigil.decisions.scoring.answered_rows_model import AnsweredRows, AnswerFacts, band_names
from vigil.decisions.scoring.groups_model import Groups, SubjectGroups
from vigil.kernel.rows import NAN
from vigil.prediction.engines.contract import ModelContract

_band_code = itemgetter(0)


class RowColumns:
    """Facts of rows in the order of the file, from row `first_row` on.

    Rows 1, 65, 129 and so on of the file are sampled, if they have an answer.
    """

    def __init__(self, first_row: int, contract: ModelContract) -> None:
        names = [spec.name for spec in contract.features]
        self.contract = contract
        self._groups = SubjectGroups(contract)
        given = [attribute for attribute in contract.groups if attribute.is_given]
        self._given = {each.name: {value: code for code, value in enumerate(each.values, 1)} for each in given}
        self._group_codes = {each.name: bytearray() for each in given}
        self._width = len(names)
        self._kept = {names.index(name): array("d") for name in kept_features(contract)}
        """Values of the features that late labels need, by the places of the features."""
        self.first_row = first_row
        self.band_codes = bytearray()
        """0 for a row without an answer, else the place of its band from 1 on."""
        self.probabilities = array("f")
        self.subject_ids: list[str] = []
        self.as_of: dict[int, str] = {}
        """Times of the rows that state their own, by their place in the chunk."""
        self.sampled_vectors = array("d")
        self.sampled_probabilities: list[float] = []
        self.sampled_facts: list[AnswerFacts] = []
        self.sampled_groups: list[Groups] = []
        """Groups of the sampled rows, also derived ones; empty for a model without groups."""

    def add(self, rows: AnsweredRows, groups: Sequence[Groups]) -> None:
        """Add the next rows, and for each of them the given groups: an empty mapping for a row without groups."""
        done, vectors, width = len(self.band_codes), rows.vectors, self._width
        self.band_codes += bytes(map(_band_code, rows.kinds))
        self.probabilities.extend(rows.probabilities)
        self.subject_ids += rows.subject_ids
        for place, values in self._kept.items():
            values.extend(vectors[place::width])
        for name, codes in self._given.items():
            self._group_codes[name].extend([codes.get(each.get(name, ""), 0) for each in groups])
        self.as_of |= {done + place: moment for place, moment in rows.as_of.items()}
        for place in range((1 - self.first_row - done) % SAMPLE_STEP, len(rows.kinds), SAMPLE_STEP):
            if facts := rows.facts_at(place):
                vector = vectors[place * width : (place + 1) * width]
                self.sampled_vectors.extend(vector)
                self.sampled_probabilities.append(rows.probabilities[place])
                self.sampled_facts.append(facts)
                if self.contract.groups:
                    self.sampled_groups.append({**groups[place], **self._groups.derive(vector)})

    def add_lost(self, count: int) -> None:
        """Add `count` next rows without an answer."""
        self.band_codes += bytes(count)
        self.subject_ids += repeat("", count)
        for codes in self._group_codes.values():
            codes.extend(bytes(count))
        for values in (self.probabilities, *self._kept.values()):
            values.extend(array(values.typecode, [NAN]) * count)

    def to_join_file(self, version: int, as_of: str) -> JoinFile:
        """Return the join file of all added rows. `as_of` is the time (ISO 8601, UTC) of rows that state none."""
        contract, bands = self.contract, tuple(band_names(self.contract))
        return JoinFile(
            model=contract.name,
            version=version,
            label=contract.label,
            bands=bands,
            flagged=tuple(filter(contract.is_high_risk, bands)),
            as_of=as_of,
            first_row=self.first_row,
            probabilities=self.probabilities,
            band_codes=bytes(self.band_codes),
            subject_ids=tuple(self.subject_ids),
            features={contract.features[place].name: values for place, values in self._kept.items()},
            own_as_of=self.as_of,
            group_values={name: tuple(codes) for name, codes in self._given.items()},
            group_codes={name: bytes(codes) for name, codes in self._group_codes.items()},
        )
