"""A package to spoil, and how it is refused."""

import json

import pytest

from tests.support.fakes.packages import KEYS, NOW, LinearEngines, package, resigned
from vigil.errors import ModelRefused
from vigil.prediction.packages.verification import Expected, Verifier, canonical

PACKAGE = package()


CURRENT = Expected(now=NOW)


def verify(files, expected=CURRENT, keys=KEYS, floors=None):
    engines = LinearEngines()
    return Verifier(keys, engines, floors or {}).verify(files, expected), engines


def refusal(files, expected=CURRENT, **pins):
    """Return the reason, after making sure that no byte reached the engine."""
    engines = LinearEngines()
    with pytest.raises(ModelRefused) as caught:
        Verifier(pins.get("keys", KEYS), engines, pins.get("floors", {})).verify(files, expected)
    assert engines.handed == []
    return caught.value.reason


def changed(**fields):
    """Return the package with other manifest fields, signed by the pinned key."""
    document = json.loads(PACKAGE["manifest.json"]) | fields
    return resigned(PACKAGE, canonical(document))


def relisted(files):
    """Return the package with the present bytes of its files in a manifest signed anew."""
    import hashlib

    listed = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
        for name in ("model.txt", "golden.json", "card.md")
    }
    return resigned(files, canonical(json.loads(files["manifest.json"]) | {"files": listed}))
