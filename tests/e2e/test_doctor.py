"""`vigil doctor` examines every function of the embedded stack."""

from tests.support import entries

ALLOWED = (
    "AWS_ENDPOINT_URL must not be set",
    "VIGIL_OFFBOARDING_PAUSE_SECONDS must be at least 90",
    "VIGIL_OUTBOUND_ALLOW must not name this machine",
)


def test_doctor_finds_all_settings_and_names_local_allowances(cli):
    title, *allowed, summary = cli("doctor").splitlines()
    assert title == "Allowed only because the stage is local:"
    assert [sentence for sentence in ALLOWED if not any(sentence in line for line in allowed)] == []
    assert summary.startswith(f"{len(entries.NAMES)} functions of vigil-local-")
