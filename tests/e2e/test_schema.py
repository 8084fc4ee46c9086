"""The deployed API conforms to its OpenAPI document, tested with generated requests."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx

from tests.e2e.resources import create_tenant

EXAMPLES = 900
"""Maximum examples over all operations, so that the time does not grow with them."""


def test_generated_requests_find_no_server_or_schema_error(stack, operator, aws, tmp_path):
    admin, names = create_tenant(stack, operator, aws)
    with closing(admin):
        key = admin.post(f"/v1/tenants/{names.tenant_id}/keys", json={"role": "member"}).json()["api_key"]
    document = httpx.get(f"{stack.api_url}/openapi.json", timeout=60, trust_env=False)
    (tmp_path / "openapi.json").write_text(document.text)
    operations = sum(map(len, document.json()["paths"].values()))
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(tmp_path / "openapi.json"),
        f"--url={stack.api_url}",
        f"--header=Authorization: Bearer {key}",
        "--checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        f"--max-examples={max(4, EXAMPLES // operations)}",
        "--seed=1",
        "--request-timeout=60",
        "--no-color",
        "--generation-database=none",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
