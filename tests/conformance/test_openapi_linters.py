"""The OpenAPI document passes the linters of Redocly and Spectral, where npm is installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.checkout import pin
from tests.support.api_document import api_document

HERE = Path(__file__).parent
SETTINGS = {
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "npm_config_ignore_scripts": "true",
    "npm_config_prefer_offline": "true",
}
"""Variables of the linters: no telemetry, no scripts of packages, and no request for a package that npm has."""
LINTERS = {
    "redocly": ["lint", "--config", str(HERE / "redocly.yaml")],
    "spectral": ["lint", "--fail-severity", "warn", "--ruleset", str(HERE / "spectral.yaml")],
}

pytestmark = pytest.mark.skipif(not shutil.which("npx"), reason="npx is not on PATH: install Node.js 20 or later")


@pytest.mark.parametrize("linter", LINTERS)
def test_the_document_has_no_error(linter, tmp_path):
    document = api_document() | {"servers": [{"url": "/prod"}]}
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    command = ["npx", "--yes", pin(linter), *LINTERS[linter], "openapi.json"]
    environment = os.environ | SETTINGS
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
