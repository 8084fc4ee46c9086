"""A strict fake of OpenAI with state: responses, embeddings and models, one scripted step per request, and a bill."""

import json
import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from struct import pack
from threading import Lock
from typing import Any, Literal

from tests.support.fakes.openai_rules import embedding_fault, response_fault, tokens
from tests.support.vendors.requests import VendorAnswer, VendorRequest, json_answer

KEY = "sk-fake-0123456789abcdefghijklmnopqrstuv"
CHAT_MODEL = "gpt-4o-mini"
EMBEDDING_MODEL = "text-embedding-3-small"
MODELS = (CHAT_MODEL, EMBEDDING_MODEL)
HUGE_BYTES = 11 << 20
"""Size of the huge answer: the usual one, and spaces."""
Loss = Literal["unreachable", "hang", "trickle", "cut", "huge", "reset"]
"""Fault of the connection. With `unreachable`, the vendor gets no request; with the others, it bills the answer."""
Document = dict[str, Any]
Think = Callable[[Document], Any]
"""Function of the model: it gets the data of a request, and returns the answer, a text or a JSON value."""


def select_best(data: Document) -> Any:
    """Select the sentence that has the most words of the question, as a helpful model does."""
    words = set(str(data["question"]).lower().split())
    ranked = [
        (-len(words & set(text.lower().split())), number, int(index))
        for number, passage in enumerate(data["passages"])
        for index, text in passage["sentences"].items()
    ]
    if not ranked:
        return {"answerable": False, "selections": [], "missing": "evidence"}
    _, number, index = min(ranked)
    chosen = {"passage": data["passages"][number]["id"], "first": index, "last": index}
    return {"answerable": True, "selections": [chosen], "missing": "nothing"}


@dataclass(frozen=True)
class Step:
    """The reaction to one request after `seconds`: an error, or the answer of `think`, after `edit` and with a loss."""

    error: VendorAnswer | None = None
    think: Think = select_best
    edit: Callable[[Document], None] = lambda _: None
    loss: Loss | None = None
    seconds: float = 0


def refuse(status: int, code: str = "server_error", **headers: str) -> Step:
    """Return a step that answers with an error; underscores in the names of headers become hyphens."""
    error = {"message": f"canary-of-an-error: {code}", "type": code, "param": None, "code": code}
    return Step(json_answer(status, {"error": error}, **headers))


def lose(loss: Loss) -> Step:
    """Return a step that bills an answer and loses it."""
    return Step(loss=loss)


def say(answer: Any) -> Step:
    """Return a step in which the model writes a text or a JSON value."""
    return Step(think=lambda _: answer)


def incomplete(document: Document) -> None:
    """Cut the text of an answer at the limit of its tokens."""
    document |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    document["output"][0]["content"][0]["text"] = '{"answerable": tr'


def refusal(document: Document) -> None:
    """Let the model refuse the question."""
    document["output"][0]["content"] = [{"type": "refusal", "refusal": "I cannot help."}]


def empty(document: Document) -> None:
    """Remove the output of an answer."""
    document["output"] = []


@dataclass(frozen=True)
class Bill:
    """Tokens that the vendor bills for one request."""

    path: str
    input_tokens: int
    output_tokens: int


@dataclass
class FakeOpenAi:
    """The vendor. `requests` has all received requests, `bills` the billed ones, `script` the next steps."""

    requests: list[VendorRequest] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    script: list[Step] = field(default_factory=list)
    key: str = KEY

    def __post_init__(self) -> None:
        self._lock = Lock()

    @property
    def billed(self) -> tuple[int, int]:
        """Input and output tokens of all bills."""
        return sum(bill.input_tokens for bill in self.bills), sum(bill.output_tokens for bill in self.bills)

    def react(self, request: VendorRequest) -> tuple[VendorAnswer, Step]:
        """Return the answer to a request, and the step that names its loss and its time."""
        with self._lock:
            step = self.script.pop(0) if self.script else Step()
            if step.loss == "unreachable":
                return VendorAnswer(503), step
            self.requests.append(request)
            answer = step.error or self._answer(request, step)
        if step.loss == "huge":
            answer = VendorAnswer(answer.status, answer.body.ljust(HUGE_BYTES), answer.headers)
        return answer, step

    def _answer(self, request: VendorRequest, step: Step) -> VendorAnswer:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return refuse(401, "invalid_api_key").error or VendorAnswer(401)
        if (request.method, request.path) == ("GET", "/v1/models"):
            listed = [{"id": name, "object": "model", "created": 1, "owned_by": "openai"} for name in MODELS]
            return json_answer(200, {"object": "list", "data": listed})
        work = {"/v1/responses": self._respond, "/v1/embeddings": self._embed}.get(request.path)
        if work is None or request.method != "POST":
            return _error(404, "Unknown request URL.")
        body = request.document()
        if request.headers.get("content-type") != "application/json" or not isinstance(body, dict):
            return _error(400, "The body must be a JSON object.")
        if body.get("model") not in MODELS:
            return _error(404, "The model does not exist.")
        return work(body, step)

    def _respond(self, body: Document, step: Step) -> VendorAnswer:
        if fault := response_fault(body):
            return _error(400, fault)
        thought = step.think(read_data(body["input"]))
        text = thought if isinstance(thought, str) else json.dumps(thought)
        document = _response(body, text)
        step.edit(document)
        usage = document["usage"] or {"input_tokens": 0, "output_tokens": 0}
        self.bills.append(Bill("/v1/responses", usage["input_tokens"], usage["output_tokens"]))
        return json_answer(200, document, x_request_id=document["id"])

    def _embed(self, body: Document, step: Step) -> VendorAnswer:
        if fault := embedding_fault(body):
            return _error(400, fault)
        count = sum(tokens(text) for text in body["input"])
        dimension, is_packed = body.get("dimensions", 1536), body.get("encoding_format") == "base64"
        vectors = [vector_of(text, dimension) for text in body["input"]]
        shown = [b64encode(pack(f"<{dimension}f", *each)).decode() if is_packed else each for each in vectors]
        data = [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(shown)]
        usage = {"prompt_tokens": count, "total_tokens": count}
        document: Document = {"object": "list", "data": data, "model": body["model"], "usage": usage}
        step.edit(document)
        self.bills.append(Bill("/v1/embeddings", count, 0))
        return json_answer(200, document)


def read_data(text: str) -> Document:
    """Return the JSON object between the two markers of an input."""
    first, *lines, last = text.split("\n")
    assert first == last, "the input has no marker around it"
    found: Document = json.loads("\n".join(lines))
    return found


def vector_of(text: str, dimension: int) -> list[float]:
    """Return the vector of a text, of length 1, the same for each call."""
    random = Random(text)
    values = [random.gauss(0, 1) for _ in range(dimension)]
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


def _response(body: Document, text: str) -> Document:
    count_in = tokens(body.get("instructions") or "") + tokens(body["input"]) + tokens(json.dumps(body["text"]))
    count_out = min(tokens(text), body["max_output_tokens"])
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_772_366_400,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": [message],
        "usage": {
            "input_tokens": count_in,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": count_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": count_in + count_out,
        },
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        **{
            name: body[name] for name in ("model", "instructions", "max_output_tokens", "store", "text") if name in body
        },
    }


def _error(status: int, message: str) -> VendorAnswer:
    error: Mapping[str, Any] = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return json_answer(status, {"error": error})
