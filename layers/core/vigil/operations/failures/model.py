"""Failures as log lines report them: the signature that groups them, and the ids of one occurrence."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["exception", "init", "timeout", "out_of_memory", "exit"]
"""Kind of a failure. `exception`: an error of the code, with its classes and frames. `init`: the start of a function
failed. `timeout` and `out_of_memory`: Lambda ended a function. `exit`: the process of a function ended by itself."""
FailureState = Literal["open", "resolved", "ignored"]
"""State of a group of failures."""
MAX_OCCURRENCES = 10
"""Number of latest occurrences that a group stores."""
_ALGORITHM = "v1"
"""Version of the fingerprint. A new version makes a new group of every failure, so it changes on purpose only."""
_FINGERPRINT_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Signature:
    """The facts that group failures: no message, no line number, no id.

    `classes` are the error and its causes, `frames` the functions of Vigil that it passed, the deepest last. `function`
    is empty for exceptions: one bug in two functions is one group.
    """

    kind: FailureKind
    classes: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    aws_code: str = ""
    problem: str = ""
    function: str = ""

    @property
    def fingerprint(self) -> str:
        """The id of the group: 24 hexadecimal digits."""
        facts = [_ALGORITHM, self.kind, self.classes, self.frames, self.aws_code, self.problem, self.function]
        return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()[:_FINGERPRINT_DIGITS]

    @property
    def title(self) -> str:
        """The failure in a few words for people: its classes and deepest frame, or its kind and function."""
        if self.kind == "exception":
            place = f" in {self.frames[-1]}" if self.frames else ""
            return " from ".join(self.classes) + place
        words = self.kind.replace("_", " ")
        return f"{words} {self.classes[0]} in {self.function}" if self.classes else f"{words} in {self.function}"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One failure: when and where it occurred, as ids only. `version` is that of the function, 0 if it is unknown.

    Unknown ids are empty. `at` is a timestamp of `format_timestamp`.
    """

    at: str
    function: str
    version: int = 0
    request_id: str = ""
    correlation_id: str = ""
    tenant_id: str = ""
    route: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure that a log line reports."""

    signature: Signature
    occurrence: Occurrence


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One entry of a log: its id, its time in milliseconds since 1970, and its text."""

    event_id: str
    timestamp: int
    message: str


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Entries of one log stream, as a subscription delivers them: at least once."""

    group: str
    stream: str
    events: tuple[LogEvent, ...]

    @property
    def batch_id(self) -> str:
        """The id that deliveries of the same entries share: a digest of the stream and of the ids of the entries."""
        ids = [self.group, self.stream, *(event.event_id for event in self.events)]
        return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Sighting:
    """The failures of one group in one batch of log entries, in the order of the entries; at least one."""

    signature: Signature
    batch_id: str
    stream: str
    occurrences: tuple[Occurrence, ...]

    @property
    def last(self) -> Occurrence:
        """The latest occurrence."""
        return max(self.occurrences, key=lambda each: each.at)
