"""A static site, as anyone may run it: ETags, and whatever else a test makes it do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """Serves what is in `files`, with `status`; `asked` says what was asked for, and how it was answered."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.files: dict[str, bytes] = {}
        self.status = 200
        self.asked: list[tuple[str, int]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        body = self.server.files.get(self.path, b"")
        tag = f'"{hash(body):x}"'
        status = self.server.status
        if status == 200 and self.headers.get("if-none-match") == tag:
            status, body = 304, b""
        self.server.asked.append((self.path, status))
        self.send_response(status)
        self.send_header("etag", tag)
        self.send_header("location", "https://elsewhere.example/")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    site.shutdown()
    site.server_close()
    thread.join()
