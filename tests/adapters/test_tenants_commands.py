"""`vigil tenants` from creation to certificate, with AWS in process."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.support.tables import environment
from vigil.access.tenants.model import MAX_OVERRIDES
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, privacy, process
from vigil.errors import Unauthenticated


def run(*arguments, **options):
    return CliRunner().invoke(app, ["tenants", *arguments], **options)


@pytest.fixture(autouse=True)
def _deployed(aws, monkeypatch):
    """A deployment with one tenant, acme."""
    secret = aws("secretsmanager").create_secret(Name="access", SecretString='{"pepper_version":"1","pepper_1":"p"}')
    signing = aws("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    monkeypatch.setenv("VIGIL_STAGE", "local")
    aws("s3").create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIGIL_BATCHES_BUCKET", "files")
    monkeypatch.setenv("VIGIL_ACCESS_SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("VIGIL_CERTIFICATE_KEY_ARN", signing)
    monkeypatch.setenv("VIGIL_DATA_KEY_ARN", aws("kms").create_key()["KeyMetadata"]["Arn"])
    monkeypatch.setenv("VIGIL_OFFBOARDING_PAUSE_SECONDS", "0")
    monkeypatch.setenv("VIGIL_UPLOAD_ADDRESS_SECONDS", "0")
    process.forget()
    assert run("create", "acme", "--tier", "BASIC").exit_code == 0
    yield
    process.forget()


def key_id(token):
    return token.split("_")[2]


def test_create_key_prints_only_the_token(capsys):
    token = run("create-key", "acme", "--role", "admin", "--label", "it").stdout.strip()
    key, tenant = access.authenticator().authenticate(token)
    assert (key.role, key.label, tenant.tier) == ("admin", "it", "BASIC")
    shown = run("show", "acme").output
    assert key.key_id in shown
    assert token not in shown


def test_new_keys_print_id_and_expiry_on_standard_error():
    old = key_id(run("create-key", "acme").stdout)
    for command in (["create-key", "acme", "--days", "20"], ["rotate-key", "acme", old]):
        shown = run(*command)
        key = access.keys().get("acme", key_id(shown.stdout))
        expiry = key.expires_at[:16].replace("T", " at ")
        assert shown.stderr == f"key {key.key_id} of acme, expires on {expiry} (UTC)\n"


def test_show_prints_whole_cells_at_80_columns():
    label = "a label of thirty letters, long"
    key = access.authenticator().authenticate(run("create-key", "acme", "--label", label).stdout.strip())[0]
    shown = run("show", "acme", env={"COLUMNS": "80"}).output
    row = next(line for line in shown.splitlines() if line.strip().startswith(key.key_id))
    assert [cell for cell in (label, key.created_at[:16], f"until {key.expires_at[:16]}") if cell not in row] == []


def test_the_help_of_set_names_every_limit():
    shown = "".join(run("set", "--help", env={"COLUMNS": "200"}).output.split())
    assert [name for name in MAX_OVERRIDES if name not in shown] == []


def test_create_key_takes_permissions_and_a_lifetime():
    narrow = ("--permission", "scores:write", "--permission", "scores:read", "--days", "20")
    token = run("create-key", "acme", *narrow).stdout.strip()
    key = access.authenticator().authenticate(token)[0]
    assert (key.role, key.permissions) == ("member", {"scores:read", "scores:write"})
    shown = run("show", "acme").output
    assert f"{key.key_id}: only scores:read, scores:write" in shown
    assert f"{key.key_id}: The key expires on {key.expires_at[:10]} (UTC). Rotate it" in shown
    assert f"vigil tenants rotate-key acme {key.key_id}" in shown


def test_show_warns_of_a_rotated_key_and_prints_the_last_use():
    old = run("create-key", "acme").stdout.strip()
    assert "never" in run("show", "acme").output
    access.authenticator().record_use(access.authenticator().authenticate(old)[0])
    new = run("rotate-key", "acme", key_id(old)).stdout.strip()
    shown = run("show", "acme").output
    assert access.keys().get("acme", key_id(old)).last_used_at[:16] in shown
    assert f"Use the key {key_id(new)} that replaces it." in shown
    assert "rotate-key" not in shown


def test_markup_in_names_is_shown_as_text():
    """Names come from other people than their readers: `[/]` is no markup and ends no table."""
    name = "[/bold] [red]"
    assert run("create-key", "acme", "--label", name).exit_code == 0
    access.tenants().change("acme", TenantChange(settings={"name": name, "contact": "[/]@x"}))
    shown = run("show", "acme")
    assert (shown.exit_code, shown.output.count(name), "[/]@x" in shown.output) == (0, 2, True)


def test_rotate_key_prints_the_new_token_and_revoke_key_ends_it():
    old = run("create-key", "acme").stdout.strip()
    new = run("rotate-key", "acme", key_id(old), "--overlap-hours", "2").stdout.strip()
    assert [access.authenticator().authenticate(token)[0].tenant_id for token in (old, new)] == ["acme", "acme"]
    assert run("revoke-key", "acme", key_id(new)).exit_code == 0
    access.authenticator().clear_cache()
    with pytest.raises(Unauthenticated):
        access.authenticator().authenticate(new)
    assert "revoked" in run("show", "acme").output


def test_limits_can_be_overridden_and_restored():
    assert "120" in run("set", "acme", "--limit", "per_minute=120", "--tier", "FREE").output
    assert access.tenants().get("acme").limits.per_minute == 120
    run("set", "acme", "--limit", "per_minute=")
    assert (access.tenants().get("acme").overrides, access.tenants().get("acme").tier) == ({}, "FREE")


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "acme", "--limit", "per_minute=0"),
        ("set", "acme", "--tier", "GOLD"),
        ("create-key", "acme", "--role", "root"),
        ("create-key", "acme", "--permission", "dlq:manage"),
        ("create-key", "acme", "--permission", "everything"),
        ("create-key", "acme", "--days", "3651"),
        ("create", "acme"),
        ("show", "unknown"),
        ("suspend", "unknown"),
        ("certificate", "acme"),
    ],
)
def test_an_invalid_command_fails_and_changes_no_tenant(arguments):
    result = run(*arguments)
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
    assert access.tenants().get("acme").version == 1


@pytest.mark.parametrize(("limit", "remedy"), [("speed=9", "storage_gb"), ("per_minute=many", "per_minute=120")])
def test_a_limit_of_another_form_is_refused_with_the_form(limit, remedy):
    result = run("set", "acme", "--limit", limit)
    assert (result.exit_code, remedy in result.output) == (2, True)
    assert access.tenants().get("acme").version == 1


def test_a_tenant_can_be_suspended_resumed_and_offboarded():
    assert "suspended" in run("suspend", "acme").output
    assert "active" in run("resume", "acme").output
    assert run("offboard", "acme", input="n\n").exit_code == 1
    assert access.tenants().get("acme").status == "active"
    assert "offboarding" in run("offboard", "acme", "--yes").output
    assert run("resume", "acme").exit_code == 1
    assert privacy.tenant_eraser().run(lambda: 300.0) == ("acme",)
    result = run("certificate", "acme")
    assert (result.exit_code, "signature: good" in result.output) == (0, True)
    assert "closed" in run("list").output


def test_a_forged_certificate_is_reported(aws):
    run("offboard", "acme", "--yes")
    privacy.tenant_eraser().run(lambda: 300.0)
    forged = json.loads(privacy.certificates().get("acme").payload) | {"tenant_id": "acme"}
    forged["stores"]["keys"]["erased"] = 7
    aws("dynamodb").update_item(
        TableName="access",
        Key={"pk": {"S": "TENANT#acme"}, "sk": {"S": "CERTIFICATE"}},
        UpdateExpression="SET payload = :forged",
        ExpressionAttributeValues={":forged": {"S": json.dumps(forged)}},
    )
    result = run("certificate", "acme")
    assert (result.exit_code, "NOT GOOD" in result.output) == (1, True)
