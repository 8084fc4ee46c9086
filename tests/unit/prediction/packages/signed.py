"""A signed package for manipulation, and the reason of its refusal."""

import json

import pytest

from tests.support.fakes.packages import KEYS, NOW, LinearEngines, package, resigned
from vigil.errors import ModelRefused
from vigil.prediction.packages.manifests import canonical_json
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier

PACKAGE = package()


CURRENT = ExpectedPackage(now=NOW)


def verify(files, expected=CURRENT, keys=KEYS, floors=None):
    engines = LinearEngines()
    return PackageVerifier(keys, engines, floors or {}).verify(files, expected), engines


def refusal(files, expected=CURRENT, **pins):
    """Return the reason of the refusal, after checking that no engine was built."""
    engines = LinearEngines()
    with pytest.raises(ModelRefused) as caught:
        PackageVerifier(pins.get("keys", KEYS), engines, pins.get("floors", {})).verify(files, expected)
    assert engines.received_files == []
    return caught.value.reason


def changed(**fields):
    """Return the package with other manifest fields, signed by the pinned key."""
    document = json.loads(PACKAGE["manifest.json"]) | fields
    return resigned(PACKAGE, canonical_json(document))


def relisted(files):
    """Return the package with a new signed manifest that lists the present files."""
    import hashlib

    listed = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
        for name in ("model.txt", "golden.json", "card.md")
    }
    return resigned(files, canonical_json(json.loads(files["manifest.json"]) | {"files": listed}))
