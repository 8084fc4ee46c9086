"""Parameters of a deployment on AWS, with `Release`: the digest of the sources and of the other parameters."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.checkout import ROOT, fingerprint, pin
from cli.stack import SOURCES
from vigil.errors import FieldError, InvalidInput

DIGITS = 16
"""Hexadecimal digits of `Release`. SAM names a version of a function after the first ten."""


def release_of(parameters: Mapping[str, str]) -> str:
    """Return the value of `Release`: equal for equal sources and parameters, on every machine.

    An earlier `Release` among the parameters does not count.
    """
    values = {name: value for name, value in parameters.items() if name != "Release"}
    sources = [ROOT / source for source in SOURCES]
    return fingerprint(sources, pin("sam"), json.dumps(values, sort_keys=True))[:DIGITS]


def with_release(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters together with their `Release`."""
    return {**parameters, "Release": release_of(parameters)}


def stage_parameters(stage: str, model_keys: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return every parameter of a deployment of a stage that differs from the template's default.

    `settings` replace the values of `samconfig.toml`. Raises InvalidInput for an unknown stage.
    """
    config: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
    stages = [name for name in config if name not in {"version", "local"}]
    if stage not in stages:
        raise InvalidInput(FieldError("stage", "is unknown", f"one of {', '.join(stages)}"))
    pairs = config[stage]["deploy"]["parameters"]["parameter_overrides"].split()
    return with_release({**dict(pair.split("=", 1) for pair in pairs), "ModelKeys": model_keys, **settings})


def write_parameters(parameters: Mapping[str, str], file: Path) -> str:
    """Write parameters to a file and return the value of SAM's `--parameter-overrides` for it.

    A file needs no quotes. The command line of SAM cannot carry every JSON value.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(parameters, indent=2) + "\n")  # JSON is valid YAML
    return file.absolute().as_uri()
