"""The trust list: what it says, and what must never take its place."""

import base64
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from keys import trust
from keys.keysets import cose_key_set, jwks, readable
from keys.roots import RootKey, TrustError
from keys.trust import Agency, Contact, KeyState, Purpose, SignedLists, TrustList
from tests.builders import (
    COMPLAINT,
    DAY,
    INNER_MONGOLIA,
    ISSUERS,
    KEYS,
    NOW,
    PINNED,
    ROOT,
    STATUS,
    STATUS_KEY,
    XINJIANG,
    key,
    scalar,
    signed_directory,
    signed_trust,
    signer,
    trust_list,
)
from verifier.certificate import cose
from verifier.certificate.model import Kind

TRUST, DIRECTORY = signed_trust(), signed_directory()
CONTENT: dict[str, Any] = cbor2.loads(
    cose.open_document(TRUST, typ=trust.TRUST_TYPE, kid=ROOT.kid, key=ROOT.public)
)


def opened(signed: bytes = TRUST, directory: bytes = DIRECTORY) -> TrustList:
    return TrustList.open(SignedLists(signed, directory), PINNED)


def by_root(content: object, typ: str = trust.TRUST_TYPE) -> bytes:
    """Sign anything: what a mistaken or forced root might."""
    return cose.sign_document(cbor2.dumps(content), typ=typ, signer=ROOT)


def with_key(**changes: object) -> bytes:
    return by_root(CONTENT | {"keys": [CONTENT["keys"][0] | changes]})


def test_a_trust_list_says_who_issues_and_with_which_keys() -> None:
    known = opened()
    assert (known.version, known.issued, known.ends) == (1, NOW - DAY, NOW + 365 * DAY)
    assert list(known.issuers) == ["650000", "150000"]
    assert set(known.keys) == {XINJIANG.kid, INNER_MONGOLIA.kid, STATUS.kid}
    usable = known.keys[XINJIANG.kid]
    assert (usable.issuer, usable.purpose, usable.state) == ("650000", Purpose.CERTIFICATE, KeyState.ACTIVE)
    assert usable.kinds == frozenset(Kind)
    assert known.keys[STATUS.kid].purpose is Purpose.STATUS
    assert known.signed == TRUST


@pytest.mark.parametrize("state", KeyState)
def test_each_state_of_a_key_comes_back(state: KeyState) -> None:
    known = trust_list(keys=[key(XINJIANG, state=state, since=NOW, kinds=(1,)), STATUS_KEY])
    usable = known.keys[XINJIANG.kid]
    assert (usable.state, usable.since, usable.kinds) == (state, NOW, frozenset({Kind.SUPERVISION}))


def test_a_list_by_another_root_is_refused() -> None:
    with pytest.raises(TrustError, match="pinned root"):
        opened(signed_trust(by=signer("other root")))
    with pytest.raises(TrustError, match="pinned root"):
        opened(directory=signed_directory(by=signer("other root")))


def test_a_list_by_a_key_that_it_names_itself_is_refused() -> None:
    with pytest.raises(TrustError):
        opened(signed_trust(by=XINJIANG))


def test_an_unsigned_list_is_refused() -> None:
    payload = cbor2.dumps(CONTENT)
    protected = cbor2.dumps({1: -7, 4: ROOT.kid, 16: trust.TRUST_TYPE})
    for unsigned in (
        payload,
        cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, b""])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, bytes(64)])),
        cbor2.dumps([protected, {}, payload]),
    ):
        with pytest.raises(TrustError):
            opened(unsigned)


def test_a_directory_is_no_trust_list_and_the_reverse() -> None:
    with pytest.raises(TrustError):
        opened(DIRECTORY)
    with pytest.raises(TrustError):
        opened(directory=TRUST)


def test_every_changed_byte_is_refused() -> None:
    for at in range(len(TRUST)):
        with pytest.raises(TrustError):
            opened(TRUST[:at] + bytes((TRUST[at] ^ 1,)) + TRUST[at + 1 :])


def test_a_byte_more_is_refused() -> None:
    """It would be a second list of the same version, and set one node against another."""
    with pytest.raises(TrustError):
        opened(TRUST + b"\x00")


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(document: bytes) -> None:
    with pytest.raises(TrustError):
        opened(document)


def test_a_list_larger_than_any_of_ours_is_refused_unread() -> None:
    for size in (trust.LARGEST_LIST_BYTES + 1, 100 << 20):
        with pytest.raises(TrustError, match="larger"):
            opened(bytes(size))


def test_the_most_keys_and_issuers_of_a_list_are_bounded() -> None:
    many = [{**CONTENT["keys"][0], "since": at} for at in range(10_000)]
    with pytest.raises(TrustError, match="too long"):
        opened(by_root(CONTENT | {"keys": many}))
    issuers = [CONTENT["issuers"][0] | {"code": f"{at:06}"} for at in range(trust.MOST_ISSUERS + 1)]
    with pytest.raises(TrustError, match="too long"):
        opened(by_root(CONTENT | {"issuers": issuers}))


def test_a_list_that_names_its_own_root_as_a_key_is_refused() -> None:
    """Whoever may sign certificates would else sign the next list, or the root a certificate."""
    for purpose, issuer in ((Purpose.CERTIFICATE, "650000"), (Purpose.STATUS, None)):
        with pytest.raises(TrustError, match="its own root"):
            opened(signed_trust(keys=[*KEYS, key(ROOT, issuer, purpose=purpose)]))


@pytest.mark.parametrize("ends", [NOW, NOW - 1, 0])
def test_a_list_whose_dates_are_turned_round_is_refused(ends: int) -> None:
    with pytest.raises(TrustError, match="ends before it begins"):
        trust_list(issued=NOW, ends=ends)


@pytest.mark.parametrize("empty", [{"issuers": []}, {"keys": []}], ids=["issuers", "keys"])
def test_an_empty_list_would_end_all_trust_and_is_neither_built_nor_taken(empty: dict[str, Any]) -> None:
    with pytest.raises(TrustError, match="end all trust"):
        signed_trust(**empty)
    with pytest.raises(TrustError, match="empty"):
        opened(by_root(CONTENT | empty))


def test_two_keys_with_the_same_kid_are_neither_built_nor_taken() -> None:
    with pytest.raises(TrustError, match="same kid"):
        signed_trust(keys=[key(XINJIANG), key(XINJIANG, "150000"), STATUS_KEY])
    with pytest.raises(TrustError, match="same kid"):
        opened(by_root(CONTENT | {"keys": CONTENT["keys"][:1] * 2}))


def test_a_key_belongs_to_an_issuer_of_the_list() -> None:
    for code in ("660000", None):
        with pytest.raises(TrustError, match="no issuer"):
            opened(signed_trust(keys=[key(XINJIANG, code)]))


@pytest.mark.parametrize(
    "signed",
    [
        by_root([1, 2, 3]),
        by_root(CONTENT | {"version": 0}),
        by_root(CONTENT | {"version": True}),
        by_root(CONTENT | {"version": "1"}),
        by_root(CONTENT | {"ends": 1.5}),
        by_root(CONTENT | {"extra": 1}),
        by_root({name: value for name, value in CONTENT.items() if name != "ends"}),
        by_root(CONTENT | {"issuers": [CONTENT["issuers"][0] | {"code": "65 0000"}]}),
        by_root(CONTENT | {"issuers": [CONTENT["issuers"][0] | {"name": "司" * 121}]}),
        by_root(CONTENT | {"issuers": [CONTENT["issuers"][0] | {"area": "65"}]}),
        with_key(state="lost"),
        with_key(purpose="anything"),
        with_key(kinds=[3]),
        with_key(kinds=[True]),
        with_key(cose_key={1: 2, -1: 1}),
        with_key(cose_key={1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}),
        with_key(private=b"1"),
        with_key(alg=-8),
        with_key(since=-1),
        with_key(signs_until=1 << 40),
        by_root(CONTENT | {"keys": [CONTENT["keys"][-1] | {"issuer": "650000"}]}),
    ],
    ids=lambda _: "",
)
def test_a_list_out_of_form_is_refused_though_the_root_signed_it(signed: bytes) -> None:
    with pytest.raises(TrustError):
        opened(signed)


def test_a_complaint_leads_to_no_script() -> None:
    for url in ("javascript:alert(1)", "https://example.gov.cn/ onclick=x", "data:text/html,x"):
        with pytest.raises(ValueError, match="url"):
            Contact(body="某处", url=url)


def test_the_next_list_takes_the_place_of_the_one_before() -> None:
    former = opened()
    for successor in (opened(), trust_list(version=2)):
        successor.require_successor_of(former)


def test_an_older_list_is_refused() -> None:
    with pytest.raises(TrustError, match="older"):
        opened().require_successor_of(trust_list(version=2))


def test_another_list_under_the_same_version_is_refused() -> None:
    fork = opened(signed_trust(keys=[key(signer("forger")), STATUS_KEY]))
    with pytest.raises(TrustError, match="two trust lists"):
        fork.require_successor_of(opened())


def test_a_complaint_goes_to_the_agencys_supervising_body_or_to_the_issuer() -> None:
    body = Contact(body="自治区应急管理厅政策法规处", phone="0991-1111111")
    agencies = [Agency(issuer="650000", name="新疆维吾尔自治区应急管理厅", complaint=body)]
    known = opened(directory=signed_directory(agencies=agencies))
    assert known.complaint_contact("650000", "新疆维吾尔自治区应急管理厅") == body
    assert known.complaint_contact("150000", "新疆维吾尔自治区应急管理厅") == COMPLAINT
    assert known.complaint_contact("650000", "另一机关") == COMPLAINT
    assert known.complaint_contact("650000", None) == COMPLAINT


def test_the_readable_list_names_every_key_and_issuer() -> None:
    shown = readable(opened())
    assert [entry["code"] for entry in shown["issuers"]] == [entry.code for entry in ISSUERS]
    assert {entry["kid"] for entry in shown["keys"]} == {
        XINJIANG.kid.hex(),
        INNER_MONGOLIA.kid.hex(),
        STATUS.kid.hex(),
    }
    assert shown["ends"].endswith("+08:00")
    assert scalar("650000").to_bytes(32, "big").hex() not in str(shown)


def test_the_web_keys_are_those_of_the_list() -> None:
    keys = {entry["kid"]: entry for entry in jwks(opened())["keys"]}
    assert len(keys) == len(KEYS)
    entry = keys[XINJIANG.kid.hex()]
    x, y = (int.from_bytes(base64.urlsafe_b64decode(entry[name] + "="), "big") for name in "xy")
    assert ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()) == XINJIANG.public.public_numbers()
    assert "d" not in entry


def pem_of(public: Any) -> bytes:
    pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def test_keys_come_with_when_they_signed_and_with_what_became_of_them() -> None:
    lived = [
        key(XINJIANG, state=KeyState.RETIRED, since=NOW, signs_from=NOW - 9, signs_until=NOW),
        key(INNER_MONGOLIA, "150000", state=KeyState.COMPROMISED, since=NOW + 5, signs_from=NOW - 9),
        STATUS_KEY,
    ]
    known = trust_list(keys=lived)
    retired, stolen, status = jwks(known)["keys"]
    assert (retired["signs_from"], retired["signs_until"], retired["state"]) == (NOW - 9, NOW, "retired")
    assert stolen["revoked"] == {"revoked_at": NOW + 5, "reason": "compromised"}
    assert "revoked" not in retired
    assert (status["iss"], status["kinds"], status["signs_until"]) == (None, [], None)


def test_the_cose_key_set_has_every_key_by_the_standards_labels() -> None:
    known = opened()
    keys = cbor2.loads(cose_key_set(known))
    assert [bytes(each[2]) for each in keys] == [bytes(kid) for kid in known.keys]
    for each in keys:
        assert (each[1], each[3], each[4], each[-1]) == (2, cose.ES256, [2], 1)
        public = {label: each[label] for label in (1, -1, -2, -3)}
        assert cose.kid_of(cose.decode_key(public)) == each[2]


def test_the_root_is_pinned_from_a_public_key_on_p256() -> None:
    assert RootKey.from_pem(pem_of(ROOT.public)).kid == ROOT.kid
    private = ec.generate_private_key(ec.SECP256R1())
    for other in (
        b"",
        b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        pem_of(ec.generate_private_key(ec.SECP384R1()).public_key()),
        pem_of(rsa.generate_private_key(65_537, 2_048).public_key()),
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        with pytest.raises(TrustError):
            RootKey.from_pem(other)
