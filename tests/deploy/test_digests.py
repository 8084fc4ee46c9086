"""Every digest without a key is known, with the reason for which it tells nothing about a caller's data."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "layers" / "core" / "vigil"
ALLOWED = {
    "access/flags/model.py": {
        "bucket": "A draw that is compared at once and not stored.",
        "digest": "Flags are settings of operators.",
        "_digest": "Flags are settings of operators.",
    },
    "access/keys/authenticate.py": {"authenticate": "An access token has 128 random bits."},
    "access/tokens/oauth_model.py": {"digest": "A refresh token has 128 random bits."},
    "alerting/alerts/model.py": {"fingerprint": "Type, source and labels, which episodes store in clear text."},
    "alerting/inbound/links_pages.py": {"": "The style of a page that everybody can read."},
    "alerting/webhooks/deliveries_model.py": {
        "create_delivery": "The id of a webhook has 122 random bits.",
        "shard": "The id of a webhook has 122 random bits.",
    },
    "assistant/passages/model.py": {"digest": "Texts of guidelines, which citations show."},
    "assistant/retrieval/hashed_embedder.py": {
        "_place": "Parts of words of guidelines, and a draw that is not stored."
    },
    "assistant/retrieval/passage_files_store.py": {
        "read": "Texts of guidelines, which the file stores in clear text.",
        "write": "Texts of guidelines, which the file stores in clear text.",
    },
    "assistant/retrieval/segment_keys_model.py": {"owner_mark": "A tenant's id, which the key of the file shows."},
    "assistant/retrieval/vector_files_model.py": {
        "encode": "Vectors of guidelines, which the file stores.",
        "_check_digest": "Vectors of guidelines, which the file stores.",
    },
    "assistant/retrieval/vector_files_store.py": {"write": "Vectors of guidelines, which the file stores."},
    "aws/json_client.py": {"_head": "Signature Version 4: AWS receives the digest together with the body."},
    "aws/object_client.py": {"": "The digest of no bytes."},
    "aws/signatures.py": {"authorization": "Signature Version 4 signs a digest of header fields."},
    "aws/transactions.py": {"request_token": "DynamoDB receives the token only together with its content."},
    "decisions/batches/assembly.py": {"_digest": "The digests of parts have the tenant's key."},
    "decisions/batches/model.py": {"row_digests": "Rows of batches of releases without row keys: 30 days."},
    "decisions/batches/routes.py": {"_digests": "The service keys the digest before it is stored."},
    "decisions/scoring/store.py": {"_transact": "The nonce has 122 random bits."},
    "kernel/ids.py": {"derive_id": "Ids of tenants of releases without keyed ids."},
    "kernel/keyed_digests.py": {"_prepare": "The key of an HMAC."},
    "kernel/pseudonyms.py": {
        "digest": "The key follows in the same expression.",
        "unkeyed_subject_digest": "A tenant's key turns it into a pseudonym. It is not stored.",
    },
    "monitoring/findings/identity_model.py": {"finding_id": "Names of features and days, which findings store."},
    "monitoring/profiles/documents_model.py": {"chain_digest": "Counts of days, which profiles store in clear text."},
    "monitoring/profiles/counting_model.py": {"is_sampled": "A draw that is compared at once and not stored."},
    "monitoring/report/style_model.py": {"": "The style of a page that everybody can read."},
    "money/usage/events/model.py": {
        "to_entry": "Events must not name persons, and a repeat of any age must find its event."
    },
    "operations/failures/intake.py": {"_part_of": "A draw that is used at once and not stored."},
    "operations/failures/model.py": {
        "fingerprint": "Classes of errors and names of functions, which groups store in clear text.",
        "batch_id": "Ids that CloudWatch made.",
    },
    "operations/failures/sentry_model.py": {"to_event": "An id of a group of failures."},
    "operations/remedies/model.py": {"digest": "Effects and facts of a plan, which incidents store in clear text."},
    "operations/dead_letters/model.py": {"job_key": "Ids of messages, which jobs store in clear text."},
    "prediction/engines/loading.py": {"load_engine": "Files of models."},
    "prediction/engines/trees.py": {"load": "Files of models."},
    "prediction/packages/signing.py": {"key_id": "A public key."},
    "prediction/packages/manifests.py": {"sha256": "Files of packages.", "manifest_digest": "Files of packages."},
    "prediction/packages/verification.py": {"_listed": "Files of packages.", "build_package": "Files of packages."},
    "prediction/trials/model.py": {"is_challenger_subject": "A draw that is compared at once and not stored."},
    "privacy/erasure/store.py": {"_digest": "KMS signs the digest of a certificate."},
    "web/etags.py": {"_is_not_modified": "The caller receives the ETag together with its content."},
    "web/swagger.py": {"of": "ETags of pages that everybody can read."},
    "web/idempotency_store.py": {"_digest": "Names of claims, which expire after a day; or a part of a keyed digest."},
}
"""Functions that may make a digest without a key, by file, with the reason."""

HASH = re.compile(r"hashlib\.\w+|sha\w*\d|md5|blake2[bs]")


def unkeyed_digests(source: str) -> Counter[str]:
    """Return the functions of a source that call a hash of `hashlib`, and the number of calls."""
    found: Counter[str] = Counter()

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.Call):
            found[function] += HASH.fullmatch(ast.unparse(node.func)) is not None
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(ast.parse(source), "")
    return +found


def test_digests_without_a_key_are_listed_with_a_reason():
    found = {
        path.relative_to(CORE).as_posix(): set(functions)
        for path in sorted(CORE.rglob("*.py"))
        if (functions := unkeyed_digests(path.read_text()))
    }
    assert found == {file: set(functions) for file, functions in ALLOWED.items()}


@pytest.mark.parametrize(
    "line",
    ["hashlib.sha256(b)", "hashlib.new('md5', b)", "hashlib.blake2b(b)", "md5(b)", "hashlib.file_digest(b, 'md5')"],
)
def test_a_planted_digest_is_found(line):
    assert unkeyed_digests(f"class A:\n    def f(self, b):\n        return {line}") == Counter({"f": 1})


def test_a_keyed_digest_is_not_found():
    assert not unkeyed_digests(
        "def f(b):\n    return hmac.digest(b, b, 'sha256') + hmac.new(b, b, hashlib.sha256).digest()"
    )
