"""moto behind a real socket, in a process of its own: `python -m tests.support.moto_server` prints its port.

moto's own server needs Flask. This one passes requests to the same backends as `mock_aws`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from moto import mock_aws
from moto.core.models import botocore_stubber

CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
STREAMS = "DynamoDBStreams_20120810"


class Requests(BaseHTTPRequestHandler):
    """Answers each request as moto answers it at the regional address of its service."""

    protocol_version = "HTTP/1.1"

    def handle_request(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signed = CREDENTIAL.search(self.headers["Authorization"])
        if signed is None:
            self.send_error(403)
            return
        prefix = "streams." if self.headers.get("X-Amz-Target", "").startswith(STREAMS) else ""
        url = f"https://{prefix}{signed['service']}.{signed['region']}.amazonaws.com{self.path}"
        request = AWSPreparedRequest(self.command, url, HeadersDict(dict(self.headers.items())), body, False)  # type: ignore[arg-type]
        status, headers, content = botocore_stubber.process_request(request) or (404, {}, b"")
        encoded = content.encode() if isinstance(content, str) else content
        self.send_response_only(int(status))
        for name, value in headers.items():
            if name.lower() not in {"content-length", "status"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(encoded)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request  # noqa: N815 - the names of the library

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def running() -> Iterator[str]:
    """Run a server with an empty account; yield its URL."""
    process = subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Serve until the process is killed."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    ThreadingHTTPServer.daemon_threads = True
    with mock_aws(), ThreadingHTTPServer(("127.0.0.1", 0), Requests) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
