"""A platform that changes are sent to: a real server, which verifies what it gets by the RFCs alone."""

import base64
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@dataclass
class Received:
    """A request as it came in."""

    method: str
    uri: str
    headers: dict[str, str]
    body: bytes

    @property
    def ids(self) -> list[int]:
        return [change["id"] for change in json.loads(self.body)["changes"]]

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Keeps the request, and answers as the test says."""

    protocol_version = "HTTP/1.1"
    server: "Receiver"

    def do_POST(self) -> None:  # as http.server calls it
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        uri = f"{self.server.scheme}://{self.headers['host']}{self.path}"
        self.server.received.append(Received(self.command, uri, headers, body))
        script = self.server.script
        (script.pop(0) if script else status(204))(self)

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


class Receiver(ThreadingHTTPServer):
    """Answers 204, or first what the script says."""

    daemon_threads = True
    scheme = "http"

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.received: list[Received] = []
        self.script: list[Answer] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/changes"

    def handle_error(self, *_arguments: Any) -> None:
        """A sender that hung up is what some tests are about."""


@contextmanager
def receiving(tls: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    with Receiver(tls) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def self_signed(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine that only itself vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    files = directory / "tls.pem", directory / "tls.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.close()


class NotGenuineError(Exception):
    """The request is not what was signed, or signed by nobody known."""


def verify(request: Received, jwks: dict[str, Any], now: int) -> None:
    """Verify a request as docs/integrators.md says, with nothing of ours."""
    _, given = request.headers["signature-input"].split("=", 1)
    found = re.fullmatch(r"\(([^)]*)\)(.*)", given)
    assert found
    covered = re.findall(r'"([^"]+)"', found[1])
    parameters = dict(re.findall(r';(\w+)="?([^";]+)"?', found[2]))
    if set(covered) != {"@method", "@target-uri", "content-digest", "content-type", "webhook-id"}:
        raise NotGenuineError("it does not cover everything")
    if not int(parameters["created"]) <= now < int(parameters["expires"]):
        raise NotGenuineError("it is too old")
    digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    if request.headers["content-digest"] != f"sha-256=:{digest}:":
        raise NotGenuineError("the body is another one")
    values = {"@method": request.method, "@target-uri": request.uri, **request.headers}
    lines = [f'"{name}": {values[name]}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": {given}'])
    (key,) = [key for key in jwks["keys"] if key["kid"] == parameters["keyid"]]
    if (key["purpose"], key["state"], parameters["alg"]) != ("status", "active", "ecdsa-p256-sha256"):
        raise NotGenuineError("that key does not sign webhooks")
    x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "=")) for name in "xy")
    signature = base64.b64decode(request.headers["signature"].split("=", 1)[1].strip(":"))
    assert len(signature) == 64
    pair = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(pair, base.encode(), ec.ECDSA(SHA256()))
