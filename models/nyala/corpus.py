"""The guideline "Nyala": synthetic documents of an invented district, which must not be used to care for people.

`nyala` is the guideline; its version 1 is retired. `nyala-supplement` and `nyala-pharmacy` contradict it in places.
`nyala-laboratory` and `nyala-counselling` have other subjects. The files have four formats, and some of them contain
instructions to a language model, visible and hidden.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from vigil.assistant.answers.rule_documents_model import read_rules
from vigil.assistant.answers.rules_model import ContraindicationRule
from vigil.assistant.passages.format_reader import reader_of
from vigil.assistant.passages.model import VersionText
from vigil.assistant.passages.splitting_model import split

FOLDER = Path(__file__).parent
"""Folder of the data."""
DOCUMENTS = FOLDER / "documents"
"""Folder of the files, named by document and version, such as `nyala-2.md`."""
FORMATS: Mapping[str, str] = {".md": "markdown", ".html": "html", ".docx": "docx", ".pdf": "pdf"}
"""Format of a file by its ending."""
ACTIVE: Mapping[str, int] = {
    "nyala": 2, "nyala-supplement": 1, "nyala-pharmacy": 1, "nyala-laboratory": 1, "nyala-counselling": 1,
}  # fmt: skip
"""Version in force of each document."""


class Version(NamedTuple):
    """A version of a document."""

    document_id: str
    number: int


@dataclass(frozen=True, slots=True)
class SentencePlace:
    """A sentence of a document version, by its text."""

    version: Version
    text: str


@dataclass(frozen=True, slots=True)
class PlantedDifference:
    """A sentence of the retired guideline and the sentence of the guideline in force that replaces it."""

    kind: Literal["number", "threshold", "drug", "frequency", "polarity"]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PlantedContradiction:
    """Two sentences of active documents that contradict each other. `difference` is the kind of the contradiction."""

    name: str
    difference: str
    sides: tuple[SentencePlace, SentencePlace]


@dataclass(frozen=True, slots=True)
class PlantedInjection:
    """An instruction to a language model in a file, visible to readers of the document or not."""

    file: str
    place: str
    is_visible: bool
    text: str


@cache
def read_versions() -> Mapping[Version, VersionText]:
    """Return the text of each version, as an upload of its file gives it."""
    return {_version(path): _read(path) for path in sorted(DOCUMENTS.iterdir()) if path.suffix in FORMATS}


def read_declared_rules() -> tuple[ContraindicationRule, ...]:
    """Return the contraindication rules of the guideline in force."""
    document = json.loads((DOCUMENTS / "nyala-2.rules.json").read_text("utf-8"))
    return read_rules(document, read_versions()[Version("nyala", 2)])


def read_differences() -> tuple[PlantedDifference, ...]:
    """Return the planted differences between the versions of the guideline."""
    return tuple(PlantedDifference(**row) for row in read_rows("differences"))


def read_contradictions() -> tuple[PlantedContradiction, ...]:
    """Return the planted contradictions between active documents."""
    return tuple(
        PlantedContradiction(row["name"], row["difference"], (read_place(row["sides"][0]), read_place(row["sides"][1])))
        for row in read_rows("contradictions")
    )


def read_injections() -> tuple[PlantedInjection, ...]:
    """Return the planted injections."""
    return tuple(PlantedInjection(**row) for row in read_rows("injections"))


def read_rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of data, one a line."""
    for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)


def read_place(row: Mapping[str, Any]) -> SentencePlace:
    """Return the place of a sentence; without a version, it is in the version in force."""
    document_id = row["document"]
    return SentencePlace(Version(document_id, row.get("version", ACTIVE[document_id])), row["sentence"])


def _version(path: Path) -> Version:
    document_id, _, number = path.stem.rpartition("-")
    return Version(document_id, int(number))


def _read(path: Path) -> VersionText:
    read = reader_of(FORMATS[path.suffix])
    return split(*_version(path), read(path.read_bytes(), "utf-8").blocks)
