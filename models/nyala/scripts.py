"""Scripts of a fake language model: right selections, wrong ones, wrong claims, and obedience to injections.

A script is an answer to a question, or a claim about a source sentence. Answers are documents of the Responses API.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.nyala.corpus import SentencePlace, read_place, read_rows
from vigil.assistant.answers.selection_prompt_model import SelectionPrompt

ScriptKind = Literal[
    "right",
    "wrong_id",
    "wrong_index",
    "unusable",
    "no_answer",
    "obeyed_injection",
    "overconfident",
    "mutant",
    "quote_mined",
    "paraphrase",
]
"""Kind of a script.

Scripts of answers are these. `right`: the sentences that answer the question. `wrong_id` and `wrong_index`: a passage
or a sentence that the request does not have. `unusable`: a refusal, an incomplete answer or another form. `no_answer`:
the model finds no answer. `obeyed_injection`: the model does what a text in the documents orders. `overconfident`: a
sentence without an answer, for an unanswerable question.

Scripts of claims are these. `mutant`: a source sentence with one changed fact. `quote_mined`: a part of a source
sentence, without the words that limit it. `paraphrase`: a claim that means the same as its source.
"""
Output = Literal["text", "refusal", "incomplete"]
"""Form of the output of an answer."""
UNKNOWN_PASSAGE = "absent"
"""Id of a passage that a request does not have. Ids of a request are hexadecimal."""
_CANARY = "{canary}"
_USAGE = {"input_tokens": 1_000, "output_tokens": 100}


@dataclass(frozen=True, slots=True)
class ScriptedSelection:
    """A selection of a scripted answer: of a sentence, or of a passage by a literal id.

    `first` and `last` are None for the index of the sentence.
    """

    place: SentencePlace | None = None
    passage: str = UNKNOWN_PASSAGE
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """An answer of the fake model: selections, or a literal text if `text` is not None."""

    script_id: str
    kind: ScriptKind
    question_id: str
    is_answerable: bool = True
    missing: str = "nothing"
    selections: tuple[ScriptedSelection, ...] = ()
    output: Output = "text"
    text: str | None = None

    def render(self, prompt: SelectionPrompt) -> dict[str, Any]:
        """Return the answer to a request, with the ids and the canary of this request."""
        text = self._selected_text(prompt) if self.text is None else self.text.replace(_CANARY, prompt.canary)
        is_refusal = self.output == "refusal"
        content = {"type": "refusal", "refusal": text} if is_refusal else {"type": "output_text", "text": text}
        return {
            "status": "incomplete" if self.output == "incomplete" else "completed",
            "output": [{"type": "message", "role": "assistant", "content": [content]}],
            "usage": _USAGE,
        }

    def _selected_text(self, prompt: SelectionPrompt) -> str:
        selections = [_rendered(each, prompt) for each in self.selections]
        return json.dumps({"answerable": self.is_answerable, "selections": selections, "missing": self.missing})


@dataclass(frozen=True, slots=True)
class ScriptedClaim:
    """A claim of the fake model in its own words, with the sentence that it cites. `change` is the changed fact."""

    script_id: str
    kind: ScriptKind
    claim: str
    source: SentencePlace
    change: str | None = None


def read_answers() -> tuple[ScriptedAnswer, ...]:
    """Return the scripted answers."""
    return tuple(_answer(row) for row in read_rows("scripts") if "question" in row)


def read_claims() -> tuple[ScriptedClaim, ...]:
    """Return the scripted claims."""
    return tuple(
        ScriptedClaim(row["id"], row["kind"], row["claim"], read_place(row["source"]), row.get("change"))
        for row in read_rows("scripts")
        if "claim" in row
    )


def _answer(row: Mapping[str, Any]) -> ScriptedAnswer:
    script_id, kind, question_id = row["id"], row["kind"], row["question"]
    if "text" in row:
        return ScriptedAnswer(script_id, kind, question_id, output=row["output"], text=row["text"])
    answer = row["answer"]
    selections = tuple(map(_selection, answer["selections"]))
    return ScriptedAnswer(script_id, kind, question_id, answer["answerable"], answer["missing"], selections)


def _selection(row: Mapping[str, Any]) -> ScriptedSelection:
    place = read_place(row) if "sentence" in row else None
    return ScriptedSelection(place, row.get("passage", UNKNOWN_PASSAGE), row.get("first"), row.get("last"))


def _rendered(selection: ScriptedSelection, prompt: SelectionPrompt) -> dict[str, Any]:
    short_id, index = selection.passage, 0
    if selection.place is not None:
        short_id, index = _find(selection.place, prompt)
    bounds: Sequence[int | None] = (selection.first, selection.last)
    first, last = (index if bound is None else bound for bound in bounds)
    return {"passage": short_id, "first": first, "last": last}


def _find(place: SentencePlace, prompt: SelectionPrompt) -> tuple[str, int]:
    """Return the id and the index of a sentence in a request; UNKNOWN_PASSAGE if the request does not have it."""
    for short_id, passage in prompt.passages.items():
        if passage.passage_id[:2] == place.version:
            for index in range(len(passage.sentences)):
                if passage.sentence(index) == place.text:
                    return short_id, index
    return UNKNOWN_PASSAGE, 0
