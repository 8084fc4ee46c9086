"""The bodies of the commands in the documentation are bodies that the API accepts."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.iit.dataset import FEATURES
from models.iit.groups import GROUPS
from tests.support.whole_api import WholeApi
from vigil.prediction.engines.row_encoder import RowEncoder

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
CURL = re.compile(
    r"curl (?:-X (\w+) )?\"?\$API\"?(/v1/[^\s\"]*)((?:(?!\n\n|```|curl).)*?)-d\s+'\s*(\{[^']*\})'", re.DOTALL
)
POST = re.compile(r"post (\w+) '(\{[^']*\})'")
"""A call of the function `post` in docs/on-call.md."""
ELIDED = re.compile(r",\s*\.\.\.")
"""Members that a page leaves out. Such features are not those of a whole row."""
JSON, EVENT = "application/json", "application/cloudevents+json"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
"""A day after the times in the pages."""


def documented():
    """Yield operation, media type, body, and whether the body is whole, of each command with a JSON body."""
    for page in PAGES:
        text = page.read_text()
        found = [
            (f"{method or 'POST'} {path}", EVENT if EVENT in options else JSON, body)
            for method, path, options, body in CURL.findall(text)
        ]
        found += [(f"POST /v1/alerting/{resource}", JSON, body) for resource, body in POST.findall(text)]
        for operation, media_type, body in found:
            sent = ELIDED.sub("", body).replace("…32 characters…", "0" * 32).replace("…", "1")
            is_whole = not ELIDED.search(body)
            yield pytest.param(operation, media_type, json.loads(sent), is_whole, id=f"{page.stem} {operation}")


BODIES = list(documented())
VALUES = [each.values for each in BODIES]


@pytest.fixture(scope="module")
def api():
    return WholeApi(lambda: NOW)


def test_each_command_with_a_body_is_found():
    starts = [start for page in PAGES for start in re.findall(r"(?:-d|post \w+)\s+'\s*\{", page.read_text())]
    assert len(BODIES) == len(starts) > 12


@pytest.mark.parametrize(("operation", "media_type", "body", "is_whole"), BODIES)
def test_each_body_passes_the_rules_of_its_route(api, operation, media_type, body, is_whole):
    status, answer = api(operation, body=body, headers={"Content-Type": media_type})
    assert status >= 500 or status < 300, answer


@pytest.mark.parametrize(
    "body", [body for (path, _, body, is_whole) in VALUES if path == "POST /v1/scores" and is_whole]
)
def test_each_whole_row_has_features_and_groups_of_its_model(body):
    assert body["model"] == "iit"
    assert RowEncoder(FEATURES.specs).encode(body["features"])
    given = {group.name: group.values for group in GROUPS if group.is_given}
    assert all(value in given[name] for name, value in body["groups"].items())
