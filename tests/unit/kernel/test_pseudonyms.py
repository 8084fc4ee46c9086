"""Pseudonyms are keyed: only a tenant's key leads from a subject to its pseudonym."""

import re

from vigil.kernel.pseudonyms import PSEUDONYM, TenantKey, unkeyed_subject_digest

KEY, OTHER = TenantKey("acme", bytes(32)), TenantKey("acme", bytes([1] * 32))
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def test_a_pseudonym_is_a_legal_fhir_id():
    assert FHIR_ID.fullmatch(KEY.pseudonym("p-1"))
    assert re.fullmatch(PSEUDONYM, KEY.pseudonym("p-1"))


def test_pseudonyms_differ_by_key_tenant_and_subject():
    globex = TenantKey("globex", KEY.secret)
    assert len({key.pseudonym(name) for key in (KEY, OTHER, globex) for name in ("p-1", "p-2")}) == 6


def test_a_pseudonym_contains_no_part_of_the_unkeyed_digest():
    digest = unkeyed_subject_digest("acme", "p-1")
    assert digest[:8] not in KEY.pseudonym("p-1")


def test_converted_digests_equal_new_ones():
    assert KEY.convert_subject_digest(unkeyed_subject_digest("acme", "p-1")) == KEY.pseudonym("p-1")
    content = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    assert KEY.convert_digest(content) == KEY.digest(b"secret")


def test_the_secret_is_not_in_the_representation():
    assert "secret" not in repr(KEY)
    assert "x00" not in repr(KEY)
