"""(b) of the keys: a trust list of 2,000 keys and 500 issuers: to load, to hold, to look a key up."""

import tracemalloc

from cryptography.hazmat.primitives.asymmetric import ec

from keys.roots import Roots
from keys.signers import LocalSigner
from keys.trust import (
    DIRECTORY_TYPE,
    TRUST_TYPE,
    Agency,
    Contact,
    Issuer,
    Key,
    KeyState,
    Purpose,
    SignedLists,
    StatusLists,
    TrustList,
    encode_directory,
    encode_trust,
)
from loadtest.paired import Work, seconds_each
from loadtest.report import Line
from verifier.certificate import cose
from verifier.certificate.model import Kid

KEYS = 2_000
ISSUERS = 500
_START = 1_800_000_000


def measure() -> list[Line]:
    """Measure in this process; the baseline is what `cryptography` takes to load as many points."""
    root = _new()
    keys = [_new() for _ in range(KEYS)]
    lists = _lists(root, keys)
    roots = Roots.of(root.public)
    numbers = [key.public.public_numbers() for key in keys]

    def load(goes: int) -> None:
        for _ in range(goes):
            TrustList.open(lists, roots)

    def bare(goes: int) -> None:
        for _ in range(goes):
            for each in numbers:
                ec.EllipticCurvePublicNumbers(each.x, each.y, ec.SECP256R1()).public_key()

    each = seconds_each({"load": load, "bare": bare}, rounds=8)
    tracemalloc.start()
    opened = TrustList.open(lists, roots)
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = seconds_each(
        {
            "many": _look_up(opened, [key.kid for key in keys]),
            "two": _look_up(_small(root, keys), [keys[0].kid]),
        }
    )
    size = len(lists.trust)
    return [
        Line(
            f"(g) trust list of {KEYS:,} keys and {ISSUERS} issuers: verify and load",
            f"{each['load'] * 1e3:.0f} ms for {size / 1024:.0f} KB; {memory / 1024 / 1024:.1f} MB kept",
            f"bare loading of as many points: {each['bare'] * 1e3:.0f} ms",
            each["bare"] / each["load"],
        ),
        Line(
            "(g) look-up of a kid in it",
            f"{found['many'] * 1e9:.0f} ns",
            f"in a list of two keys: {found['two'] * 1e9:.0f} ns",
            found["two"] / found["many"],
        ),
    ]


def _new() -> LocalSigner:
    return LocalSigner(ec.generate_private_key(ec.SECP256R1()))


def _lists(root: LocalSigner, keys: list[LocalSigner]) -> SignedLists:
    shared = {"version": 1, "issued": _START, "ends": _START + 400 * 86_400}
    contact = Contact(body="行政执法监督处", phone="0991-0000000", url="https://example.gov.cn/")
    codes = [f"{650_000 + at}" for at in range(min(ISSUERS, len(keys)))]
    issuers = [
        Issuer(code=code, name=f"某某市司法局第{code}号", area=code, complaint=contact) for code in codes
    ]
    trust = encode_trust(
        **shared,
        issuers=issuers,
        keys=[
            Key(
                cose_key=cose.encode_key(key.public),
                purpose=Purpose.CERTIFICATE,
                issuer=codes[at % len(codes)],
                state=KeyState.RETIRED if at >= len(codes) else KeyState.ACTIVE,
                since=_START,
                signs_from=_START,
            )
            for at, key in enumerate(keys)
        ],
        status_lists=StatusLists(uri="https://v.example.gov.cn/status/{list}", size=1 << 17),
    )
    agencies = [Agency(issuer=code, name="某局", complaint=contact) for code in codes]
    return SignedLists(
        cose.sign_document(trust, typ=TRUST_TYPE, signer=root),
        cose.sign_document(encode_directory(**shared, agencies=agencies), typ=DIRECTORY_TYPE, signer=root),
    )


def _small(root: LocalSigner, keys: list[LocalSigner]) -> TrustList:
    return TrustList.open(_lists(root, keys[:2]), Roots.of(root.public))


def _look_up(trust: TrustList, kids: list[Kid]) -> Work:
    fresh = [
        Kid(bytes(bytearray(kid))) for kid in kids
    ]  # as cut from a code: not the dictionary's own objects

    def work(goes: int) -> None:
        keys = trust.keys
        for at in range(goes):
            keys.get(fresh[at % len(fresh)])

    return work
