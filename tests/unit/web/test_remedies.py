"""Refusals of a state and of an unknown resource name a remedy."""

import ast
import re

from tests.functions.rights import ROOT

VIGIL = ROOT / "layers" / "core" / "vigil"
INTERNAL = {
    *("running_erasure.py", "oauth_store.py", "object_store.py", "signing_keys_store.py"),
    *("segment_objects_store.py", "signing_keys_rotation.py", "functions_store.py"),
    *("swagger.py", "chunks.py", "stream.py"),
}
"""Modules whose conflicts and unknown resources reach workers and rotations only."""


def texts():
    """Yield the constant parts of the text of each Conflict and NotFound. A text from elsewhere has none."""
    for file in sorted(VIGIL.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())) if file.name not in INTERNAL else ():
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"Conflict", "NotFound"} and call.args:
                text = "".join(str(part.value) for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant))
                if text:
                    yield f"{file.name}: {text}"


def test_every_refusal_states_a_remedy():
    found = list(texts())
    assert len(found) > 60
    assert [text for text in found if not re.search(r": .*[.;:] ?\S", text)] == []
