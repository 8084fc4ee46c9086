"""HTTP answers are read as the standard library reads them, or refused."""

from http.client import HTTPException, HTTPResponse
from io import BufferedReader, BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.aws.http_answers import Answer, read_answer

OK = b"HTTP/1.1 200 OK\r\n"


class Connection:
    """A connection that has received these bytes and is at its end."""

    def __init__(self, data):
        self.data = data

    def makefile(self, _):
        return BufferedReader(BytesIO(self.data))


def read(data, **options):
    return read_answer(BufferedReader(BytesIO(data)), **options)


def read_by_library(data):
    """Return the answer as `http.client` reads it, or None if it refuses it."""
    response = HTTPResponse(Connection(data), method="POST")
    try:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()
    except (HTTPException, ValueError, AssertionError):
        return None


@pytest.mark.parametrize(
    ("data", "body", "is_last"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 500 next", b"{}", False),
        (OK + b"content-length:2\r\nConnection: close\r\n\r\n{}", b"{}", True),
        (OK + b"Content-Length: 2\r\nConnection: Keep-Alive\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}", b"{}", False),
        (OK + b"\r\nto the end", b"to the end", True),
        (OK + b"Content-Length: 0\r\n\r\n", b"", False),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            b"{}0123456789",
            False,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", False),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", b"x", False),
    ],
)
def test_an_answer_is_read_as_by_the_library(data, body, is_last):
    answer = read(data)
    assert (answer.body, answer.is_last, answer.is_complete) == (body, is_last, True)
    assert (answer.status, answer.headers, answer.body) == read_by_library(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"220 smtp\r\n\r\n",
        OK,
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
        OK + b"X: y\r\n" * 101 + b"\r\n",
        OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
def test_a_malformed_answer_is_refused(data):
    with pytest.raises(HTTPException):
        read(data)


def test_a_body_that_is_cut_short_is_marked():
    assert read(OK + b"Content-Length: 9\r\n\r\n{}") == Answer(200, {"content-length": "9"}, b"{}", True, False)


def test_a_body_above_the_maximum_is_left_unread():
    assert read(OK + b"Content-Length: 9\r\n\r\n123456789", max_bytes=8).body == b""
    assert read(OK + b"Content-Length: 9\r\n\r\n123456789", max_bytes=8).is_last
    assert read(OK + b"Content-Length: 9\r\n\r\n123456789", max_bytes=9).body == b"123456789"


@given(
    st.lists(
        st.sampled_from(
            [
                OK,
                b"HTTP/1.1 ",
                b"\r\n",
                b"Content-Length: ",
                b"Transfer-Encoding: chunked\r\n",
                b"2",
                b":",
                b" ",
                b"{}",
                b"\0",
            ]
        )
        | st.binary(max_size=3),
        max_size=12,
    )
)
def test_no_bytes_raise_anything_but_an_http_error(parts):
    try:
        answer = read(b"".join(parts))
    except HTTPException:
        return
    assert 200 <= answer.status <= 999 or answer.status < 100
