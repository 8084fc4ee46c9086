"""Events of the embedded stack name the version of the object, as those of S3 do."""

import json
from types import SimpleNamespace

import pytest

from cli.ministack_main import ObjectEvents


@pytest.mark.parametrize(("version", "named"), [("v-1", {"key": "k", "version-id": "v-1"}), (None, {"key": "k"})])
def test_an_event_about_an_object_names_its_version(version, named):
    dispatched, corrected = [], []
    event = {"Source": "aws.s3", "Detail": json.dumps({"object": {"key": "k"}})}
    service = SimpleNamespace(_fire_s3_event=lambda *_, **__: corrected[0].dispatch(event))
    events = ObjectEvents(service, SimpleNamespace(_dispatch_event=dispatched.append))
    corrected.append(events)
    events.fire("files", "k", "s3:ObjectCreated:Put", version_id=version)
    assert json.loads(dispatched[0]["Detail"])["object"] == named
