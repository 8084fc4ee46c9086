"""Every regular expression of the code with the methods that are called on it, and texts that make one slow."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from importlib import import_module
from itertools import product
from pathlib import Path

CORE = Path(__file__).parents[2] / "layers" / "core"
METHODS = {"fullmatch", "match", "search", "sub", "split", "findall", "finditer"}
_PARTS = ("0", "1", "a", "A", "é", "-", "_", ".", ",", ":", "@", "/", " ", "\t", '"', "\\", "[", "{", "=", "#", "+")
_PAIRS = ("0.", "1e", "a.", "a@", '\\"', '",', "a-", " #", "a=", "::")
_BEGINS = ("", "vgl_", "vglr_", "2026-02-01T12:00:00.", '"', "## ", "+", "a@", "a.a.")
_END = "\0"
SIZES = (1 << 12, 1 << 15, 1 << 18)
"""Lengths of hostile texts, in characters, up to the longest row of a batch."""
SLOWEST = 4
"""Divisor of the number of texts at each greater length. The slowest texts go on, and quadratic work is slowest."""
MAX_RATIO = 30.0
"""Maximum CPU time of a pattern, in scans: one choice for each byte of a text of the same length."""
_SCAN = re.compile(rb"(?:[^a]|a)*+")
_USE = re.compile(r"\bre\b")
_COMPILATION = re.compile(r"\bre\.compile\b")
_CALL = re.compile(rf"\.(?:{'|'.join(sorted(METHODS))})\b")


@dataclass(frozen=True)
class UsedPattern:
    """A pattern, its place, and a method that the code calls on it."""

    place: str
    pattern: "re.Pattern[str] | re.Pattern[bytes]"
    method: str


def inline_patterns() -> list[str]:
    """Return the places that use a pattern which is no constant of a module, so that no test can find it."""
    found = []
    for file, tree in _trees(_USE):
        constants = {id(node) for each in tree.body for node in _assigned(each)}
        found += [
            f"{file.relative_to(CORE)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and _is_call_of_re(node.func) and id(node) not in constants
        ]
    return found


def _is_call_of_re(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
        return False
    return called.value.id == "re" and called.attr in METHODS | {"compile"}


def _assigned(statement: ast.stmt) -> Iterator[ast.AST]:
    return ast.walk(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else iter(())


def _trees(mark: "re.Pattern[str]") -> Iterator[tuple[Path, ast.Module]]:
    """Yield the modules whose text has a mark; to parse all of them takes seconds."""
    for file in sorted((CORE / "vigil").rglob("*.py")):
        if mark.search(text := file.read_text()):
            yield file, ast.parse(text)


def used_patterns() -> Iterator[UsedPattern]:
    """Yield each pattern of the package with each method that some module calls on its name."""
    calls: dict[str, set[str]] = {}
    for _, tree in _trees(_CALL):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in METHODS:
                calls.setdefault(node.value.id, set()).add(node.attr)
    for file, tree in _trees(_COMPILATION):
        names = {
            target.id
            for each in tree.body
            if isinstance(each, ast.Assign)
            for target in each.targets
            if isinstance(target, ast.Name)
        }
        module = import_module(".".join(file.relative_to(CORE).with_suffix("").parts))
        for name in sorted(names):
            value = getattr(module, name)
            pattern = value if isinstance(value, re.Pattern) else getattr(value, "__self__", None)
            if isinstance(pattern, re.Pattern):
                methods = {value.__name__} if pattern is not value else calls.get(name, set())
                for method in sorted(methods):
                    yield UsedPattern(f"{module.__name__}.{name}", pattern, method)


def slow_text(used: UsedPattern) -> str | None:
    """Return the description of the first hostile text on which a pattern works more than linearly, or None.

    The texts of a length repeat those beginnings and parts that took the most time at the length before.
    """
    hostile = list(product(_BEGINS, _PARTS + _PAIRS))
    for size in SIZES:
        most = MAX_RATIO * _scan_seconds(size)
        times = {}
        for begin, part in hostile:
            text = f"{begin}{part * (size // len(part))}{_END}"
            # A slow call is repeated: something else may have used the caches of the processor.
            if (spent := _seconds(used, text)) > most and (spent := min(spent, _seconds(used, text))) > most:
                return f"{begin!r} + {part!r} * {size}: {spent / most * MAX_RATIO:.0f} scans"
            times[begin, part] = spent
        hostile = nlargest(len(hostile) // SLOWEST, times, times.__getitem__)
    return None


@cache
def _scan_seconds(size: int) -> float:
    """Return the CPU time of a linear scan of this many bytes; the longest of five, and at least a microsecond."""
    return max(*(_cpu_seconds(lambda: _SCAN.fullmatch(b"a" * size)) for _ in range(5)), 1e-6)


def _seconds(used: UsedPattern, text: str) -> float:
    content = text.encode() if isinstance(used.pattern.pattern, bytes) else text
    method: Callable[..., object] = getattr(used.pattern, used.method)
    arguments = (content[:0], content) if used.method == "sub" else (content,)
    return _cpu_seconds(lambda: _exhaust(method(*arguments)))


def _exhaust(result: object) -> None:
    if hasattr(result, "__next__"):
        for _ in result:  # type: ignore[attr-defined]
            pass


def _cpu_seconds(call: Callable[[], object]) -> float:
    began = time.thread_time()
    call()
    return time.thread_time() - began
