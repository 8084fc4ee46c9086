"""Signatures equal botocore's."""

import time
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from vigil.aws.credentials import Keys
from vigil.aws.signatures import TIME_FORMAT, Signer, request_head

REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1")
LETTERS = "abcXYZ019-_.~ /+=&%äß漢\U0001f600\"'\\\n\t:;,@$!*()"


def text(random, length):
    return "".join(random.choices(LETTERS, k=length))


def word(random, length):
    return "".join(random.choices("abcXYZ019-_.+/=", k=length))


def botocore_signature(auth, moment, monkeypatch, request):
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
    auth.add_auth(request)
    return request.headers


def signed(headers):
    """Return the signed headers in the order in which botocore signs them."""
    return {
        name.lower(): value
        for name, value in sorted(headers.items(), key=lambda header: header[0].lower())
        if name != "Authorization"
    }


@pytest.mark.parametrize("seed", range(10))
def test_signatures_of_posts_equal_those_of_botocore(monkeypatch, seed):
    random = Random(seed)
    signer = None
    for number in range(100):
        keys = Keys(word(random, 20), word(random, 40), word(random, random.choice([0, 0, 900])))
        region, service = random.choice(REGIONS), random.choice(["dynamodb", "sqs", "kms"])
        moment = datetime.fromtimestamp(random.randrange(1_800_000_000), UTC).replace(tzinfo=None)
        host = random.choice([f"{service}.{region}.amazonaws.com", "127.0.0.1:4566", "[::1]:80", "localhost"])
        path = random.choice(["/", "/", f"/{word(random, 3).replace('/', 'a')}/"])
        body = text(random, random.choice([0, 1, 1000])).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"T.{word(random, 9)}"}
        request = AWSRequest("POST", f"https://{host}{path}", data=body, headers=headers)
        auth = botocore.auth.SigV4Auth(Credentials(*keys[:2], keys.token or None), service, region)
        expected = botocore_signature(auth, moment, monkeypatch, request)
        ours = {"host": host} | signed(expected)
        stamp = moment.strftime(TIME_FORMAT)
        assert ours["x-amz-date"] == stamp
        signer = Signer(region, service)
        ordered = dict(sorted(ours.items()))
        found = signer.authorization(keys, f"POST {quote(path)}", ordered, sha256(body).hexdigest())
        assert found == expected["Authorization"], number


@pytest.mark.parametrize("seed", range(3))
def test_signatures_of_objects_equal_those_of_botocore(monkeypatch, seed):
    random = Random(seed)
    for _ in range(100):
        keys = Keys("AKID", word(random, 40), word(random, random.choice([0, 900])))
        key = text(random, 12).lstrip("/")
        path = f"/{quote(key, safe='/~')}"
        moment = datetime(2026, 11, 30, 8, 53, random.randrange(60), tzinfo=UTC)
        request = AWSRequest("GET", f"https://b.s3.eu-west-1.amazonaws.com{path}")
        auth = botocore.auth.S3SigV4Auth(Credentials(*keys[:2], keys.token or None), "s3", "eu-west-1")
        expected = botocore_signature(auth, moment, monkeypatch, request)
        headers = dict(sorted(({"host": "b.s3.eu-west-1.amazonaws.com"} | signed(expected)).items()))
        payload = headers["x-amz-content-sha256"]
        assert payload == sha256().hexdigest()
        found = Signer("eu-west-1", "s3").authorization(keys, f"GET {path}", headers, payload)
        assert found == expected["Authorization"]


def test_a_new_day_or_secret_has_a_new_key():
    signer, fresh = Signer("eu-west-1", "sqs"), lambda: Signer("eu-west-1", "sqs")
    for secret in ("a", "b", "a"):
        for day in ("20261129", "20261130", "20261129"):
            sent = Keys("id", secret), "POST /", {"x-amz-date": f"{day}T000000Z"}, ""
            assert signer.authorization(*sent) == fresh().authorization(*sent)


def test_the_head_of_a_request_ends_with_an_empty_line():
    head = request_head("POST /", {"host": "h"}, "AWS4", "Root=1", 3)
    assert head == (
        "POST / HTTP/1.1\r\nhost: h\r\nauthorization: AWS4\r\nx-amzn-trace-id: Root=1\r\ncontent-length: 3\r\n"
        "user-agent: vigil\r\naccept-encoding: identity\r\n\r\n"
    )
    assert "trace" not in request_head("GET /", {}, "", "")
    assert time.strftime(TIME_FORMAT, time.gmtime(0)) == "19700101T000000Z"
