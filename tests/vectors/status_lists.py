"""Vectors of the check by a Token Status List: a code, a list, the time, and the answer. One JSON each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from tests.vectors.case import BASE_URL, DAY, FOR_EVER, KEYS, NOW
from tests.vectors.issued import TYPICAL, UNTIL
from verifier.certificate import claims, code, cose
from verifier.certificate.model import Certificate
from verifier.certificate.verdicts import Reason
from verifier.status.token_status_list import CWT_TYPE, StatusList, StatusType, blank, compress, sign, write

URI: Final = f"{BASE_URL}/status/0"
ENTRIES: Final = 1 << 17
INDEX: Final = TYPICAL.status.index


@dataclass(frozen=True, slots=True)
class ListCase:
    """A code that is checked by a list."""

    name: str
    description: str
    token: bytes
    reason: Reason
    code: bytes
    now: int = NOW
    fetched: int = NOW

    def to_json(self) -> dict[str, Any]:
        """Give the vector as it is written."""
        return {
            "format": FOR_EVER,
            "name": self.name,
            "description": self.description,
            "now": self.now,
            "fetched": self.fetched,
            "base_url": BASE_URL,
            "trust": {"file": "../v1/trust.json"},
            "digits": code.to_digits(self.code),
            "form": "jwt" if self.token.startswith(b"eyJ") else "cwt",
            "token": self.token.hex(),
            "expected": {"verdict": self.reason.verdict, "reason": self.reason},
        }


def listing(status: int = StatusType.VALID, *, entries: int = ENTRIES, **changes: Any) -> StatusList:
    """Give the list that says something of the typical certificate."""
    array = blank(entries)
    if entries > INDEX:
        write(array, INDEX, status)
    of = StatusList(URI, NOW - 3_600, NOW + DAY - 3_600, DAY // 2, 2, bytes(array), f"{BASE_URL}/status")
    return of._replace(**changes)


def cwt(status: int = StatusType.VALID, *, by: str = "status", **changes: Any) -> bytes:
    return sign(listing(status, **changes), KEYS[by])[0]


def signed(certificate: Certificate = TYPICAL, by: str = "xinjiang") -> bytes:
    return cose.sign_code(claims.encode(certificate), KEYS[by])


CODE: Final = signed()


def _by_hand(**changes: Any) -> bytes:
    """Sign claims of any form with the status key, as a mistaken publisher might."""
    lst = compress(listing().array)
    content: dict[int, Any] = {2: URI, 4: NOW + 9, 6: NOW, 65533: {"bits": 2, "lst": lst}, 65534: 9}
    content |= {int(label[1:]): value for label, value in changes.items()}
    payload = cbor2.dumps(content, canonical=True)
    return cose.sign_document(payload, typ=CWT_TYPE, signer=KEYS["status"])


def cases() -> Iterator[ListCase]:
    """Give all vectors."""
    for status, name, reason in (
        (StatusType.VALID, "valid", Reason.VALID),
        (StatusType.INVALID, "void", Reason.VOID),
        (StatusType.SUSPENDED, "suspended", Reason.SUSPENDED),
        (3, "unknown-status", Reason.STATUS_STALE),
    ):
        token, jwt = sign(listing(status), KEYS["status"])
        yield ListCase(name, f"The list says {status}.", token, reason, CODE)
        yield ListCase(f"{name}-jwt", f"The list, a JWT, says {status}.", jwt, reason, CODE)
    yield from _dates()
    yield from _keys()
    yield from _ages()
    yield from _spoilt()


def _dates() -> Iterator[ListCase]:
    late: dict[str, Any] = {"issued": UNTIL - 9, "expires": UNTIL + DAY}
    for status, reason in (
        (StatusType.VALID, Reason.EXPIRED),
        (StatusType.SUSPENDED, Reason.EXPIRED),
        (StatusType.INVALID, Reason.VOID),
    ):
        name, words = f"expired-{status.name.lower()}", "The certificate is past its last day."
        yield ListCase(name, words, cwt(status, **late), reason, CODE, UNTIL, UNTIL)
    yield ListCase("expired-no-list", "Past its last day needs no list.", b"", Reason.EXPIRED, CODE, UNTIL)


def _keys() -> Iterator[ListCase]:
    stolen = signed(by="xinjiang-compromised")
    words = "A compromised key's code is refused whatever a list says."
    yield ListCase("compromised-key", words, cwt(), Reason.KEY_COMPROMISED, stolen)
    other = signed(by="inner-mongolia")
    yield ListCase("another-issuers-key", "So is another issuer's.", cwt(), Reason.WRONG_ISSUER, other)
    for by in ("xinjiang", "root", "stranger"):
        words = f"The list is signed by {by}, which is no status key."
        yield ListCase(f"list-by-{by}", words, cwt(by=by), Reason.STATUS_STALE, CODE)


def _ages() -> Iterator[ListCase]:
    def case(
        name: str, words: str, reason: Reason, now: int, fetched: int | None = None, **changes: int
    ) -> ListCase:
        times: dict[str, Any] = {"issued": NOW, "expires": NOW + DAY} | changes
        return ListCase(name, words, cwt(**times), reason, CODE, now, now if fetched is None else fetched)

    yield case("last-second", "The last second before exp.", Reason.VALID, NOW + DAY - 1)
    yield case("list-expired", "At exp.", Reason.STATUS_STALE, NOW + DAY)
    yield case("ttl-last-second", "Fetched its ttl ago.", Reason.VALID, NOW + DAY // 2, NOW)
    yield case("ttl-over", "Fetched longer ago than its ttl.", Reason.STATUS_STALE, NOW + DAY // 2 + 1, NOW)
    old = {"expires": NOW + 30 * DAY, "ttl": 30 * DAY}
    yield case("own-bound", "24 hours old.", Reason.VALID, NOW + DAY, **old)
    yield case("own-bound-over", "More, whatever it says.", Reason.STATUS_STALE, NOW + DAY + 1, **old)
    yield case("future-60-seconds", "Clocks differ.", Reason.VALID, NOW - 60)
    yield case("future-61-seconds", "But not by so much.", Reason.STATUS_STALE, NOW - 61)


def _spoilt() -> Iterator[ListCase]:
    whole, lst = cwt(), compress(listing().array)
    header, content, _ = sign(listing(), KEYS["status"])[1].split(b".")
    for name, words, token in (
        ("no-list", "There is none.", b""),
        ("unsigned", "Without its signature.", whole[:-66] + b"\x40"),
        ("changed-byte", "One bit of the signature differs.", whole[:-1] + bytes((whole[-1] ^ 1,))),
        ("trailing-byte", "Something is behind it.", whole + b"\x00"),
        ("cwt-tag", "With the CWT tag that the draft forbids.", b"\xd8\x3d" + whole),
        ("another-list", "The list of another address.", cwt(uri=f"{BASE_URL}/status/1")),
        ("another-service", "The list of another service.", cwt(uri="https://example.com/status/0")),
        ("too-short", "The index is out of its range.", cwt(entries=64)),
        ("zlib-cut", "The zlib data is cut.", _by_hand(_65533={"bits": 2, "lst": lst[:-6]})),
        ("zlib-more", "Something is behind it.", _by_hand(_65533={"bits": 2, "lst": lst + b"\x00"})),
        ("not-zlib", "No zlib data.", _by_hand(_65533={"bits": 2, "lst": b"\x00" * 40})),
        ("bits-3", "No such width.", _by_hand(_65533={"bits": 3, "lst": lst})),
        ("no-ttl", "Without a ttl that is positive.", _by_hand(_65534=0)),
        ("jwt-unsigned", "A JWT without its signature.", header + b"." + content + b"."),
    ):
        yield ListCase(f"list-{name}", words, token, Reason.STATUS_STALE, CODE)
