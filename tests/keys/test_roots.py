"""How one root hands over to the next, and what a verifier that pins one of them takes."""

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from keys.roots import (
    ENDORSEMENT_TYPE,
    MOST_ENDORSEMENTS,
    MOST_PINNED,
    NO_ENDORSEMENTS,
    Roots,
    TrustError,
    endorse,
    join_endorsements,
    split_endorsements,
)
from keys.signers import LocalSigner
from keys.trust import SignedLists, TrustList
from tests.builders import NOW, ROOT, signed_directory, signed_trust, signer
from verifier.certificate import cose

SECOND, THIRD, THIEF = signer("second root"), signer("third root"), signer("thief")
FIRST_TO_SECOND = endorse(SECOND.public, by=ROOT, now=NOW)
SECOND_TO_THIRD = endorse(THIRD.public, by=SECOND, now=NOW)


def lists(by: LocalSigner, *endorsements: bytes, version: int = 1) -> SignedLists:
    return SignedLists(
        signed_trust(by=by, version=version),
        signed_directory(by=by, version=version),
        join_endorsements(endorsements),
    )


def pinning(*roots: LocalSigner) -> Roots:
    return Roots.of(*(root.public for root in roots))


def test_who_pinned_the_first_root_follows_it_to_the_third() -> None:
    opened = TrustList.open(lists(THIRD, FIRST_TO_SECOND, SECOND_TO_THIRD), pinning(ROOT))
    assert opened.signed_by.way == (ROOT.kid, SECOND.kid, THIRD.kid)


@pytest.mark.parametrize("pinned", [SECOND, THIRD])
def test_who_pinned_a_later_root_passes_over_what_came_before(pinned: LocalSigner) -> None:
    opened = TrustList.open(lists(THIRD, FIRST_TO_SECOND, SECOND_TO_THIRD), pinning(pinned))
    assert opened.signed_by.root.kid == THIRD.kid


def test_a_root_that_handed_over_signs_nothing_any_more() -> None:
    with pytest.raises(TrustError, match="pinned root"):
        TrustList.open(lists(ROOT, FIRST_TO_SECOND), pinning(ROOT))
    with pytest.raises(TrustError, match="pinned root"):
        TrustList.open(lists(SECOND, FIRST_TO_SECOND, SECOND_TO_THIRD), pinning(ROOT, SECOND))


def test_a_successor_without_its_endorsement_is_nobody() -> None:
    for endorsements in ((), (SECOND_TO_THIRD,), (SECOND_TO_THIRD, FIRST_TO_SECOND)):
        with pytest.raises(TrustError):
            TrustList.open(lists(THIRD, *endorsements), pinning(ROOT))


def test_an_endorsement_by_anyone_else_leads_nowhere() -> None:
    forged = endorse(THIEF.public, by=THIEF, now=NOW)
    claimed = forged.replace(bytes(THIEF.kid), bytes(ROOT.kid), 1)  # says that the root signed it
    for endorsement in (forged, claimed):
        with pytest.raises(TrustError):
            TrustList.open(lists(THIEF, endorsement), pinning(ROOT))


def test_a_document_of_another_type_by_the_root_endorses_nobody() -> None:
    payload = cbor2.dumps({"root": cose.encode_key(THIEF.public), "issued": NOW}, canonical=True)
    for typ in ("application/liangzheng-trust+cbor", ENDORSEMENT_TYPE + "x"):
        document = cose.sign_document(payload, typ=typ, signer=ROOT)
        with pytest.raises(TrustError, match="does not hold"):
            pinning(ROOT).in_force(join_endorsements([document]))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        cbor2.dumps([]),
        cbor2.dumps({"root": cose.encode_key(THIEF.public)}),
        cbor2.dumps({"root": {1: 2}, "issued": NOW}),
        cbor2.dumps({"root": cose.encode_key(THIEF.public), "issued": -1}),
        cbor2.dumps({"root": cose.encode_key(THIEF.public), "issued": NOW, "more": 1}),
    ],
)
def test_an_endorsement_out_of_form_is_refused(payload: bytes) -> None:
    document = cose.sign_document(payload, typ=ENDORSEMENT_TYPE, signer=ROOT)
    with pytest.raises(TrustError, match="does not hold"):
        pinning(ROOT).in_force(join_endorsements([document]))


def test_roots_that_hand_over_in_a_circle_are_refused() -> None:
    back = endorse(ROOT.public, by=SECOND, now=NOW)
    with pytest.raises(TrustError, match="one that was replaced"):
        pinning(ROOT).in_force(join_endorsements([FIRST_TO_SECOND, back]))


def test_an_endorsement_is_not_mistaken_for_another_roots_whose_kid_is_among_its_bytes() -> None:
    """Here by its date: the kid of the other root that is pinned, read as a number of seconds."""
    pinned = pinning(THIRD, ROOT)
    seconds = int.from_bytes(THIRD.kid, "big")
    endorsement = endorse(SECOND.public, by=ROOT, now=seconds)
    assert bytes(THIRD.kid) in endorsement
    assert TrustList.open(lists(SECOND, endorsement), pinned).signed_by.way == (ROOT.kid, SECOND.kid)


def test_every_changed_byte_of_an_endorsement_leads_nowhere() -> None:
    for at in range(len(FIRST_TO_SECOND)):
        changed = FIRST_TO_SECOND[:at] + bytes((FIRST_TO_SECOND[at] ^ 1,)) + FIRST_TO_SECOND[at + 1 :]
        with pytest.raises(TrustError):
            TrustList.open(lists(SECOND, changed), pinning(ROOT))


@given(st.binary(max_size=200))
def test_any_bytes_as_endorsements_are_none_or_our_error(content: bytes) -> None:
    try:
        documents = split_endorsements(content)
    except TrustError:
        return
    assert join_endorsements(documents) == content


def test_more_endorsements_than_ever_were_made_are_refused() -> None:
    most = join_endorsements([b"x"] * MOST_ENDORSEMENTS)
    assert len(split_endorsements(most)) == MOST_ENDORSEMENTS
    for content in (join_endorsements([b"x"] * (MOST_ENDORSEMENTS + 1)), join_endorsements([bytes(9_000)])):
        with pytest.raises(TrustError):
            split_endorsements(content)


def after(former: SignedLists, offered: SignedLists, roots: Roots) -> None:
    TrustList.open(offered, roots).require_successor_of(TrustList.open(former, roots))


def test_a_node_that_follows_the_new_root_does_not_go_back_to_the_old_one() -> None:
    """Not even to a later version: the old root may have been stolen after it was replaced."""
    new = lists(SECOND, FIRST_TO_SECOND, version=2)
    after(lists(ROOT), new, pinning(ROOT))
    for stolen in (lists(ROOT, version=9), lists(THIEF, endorse(THIEF.public, by=ROOT, now=NOW), version=9)):
        with pytest.raises(TrustError, match="was replaced"):
            after(new, stolen, pinning(ROOT))


def test_the_root_that_is_pinned_in_front_takes_over_from_one_that_was_lost() -> None:
    after(lists(ROOT), lists(SECOND, version=2), pinning(SECOND, ROOT))
    with pytest.raises(TrustError, match="was replaced"):
        after(lists(SECOND), lists(ROOT, version=2), pinning(SECOND, ROOT))


def pem(*of: LocalSigner) -> bytes:
    return b"".join(each.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for each in of)


def test_a_file_of_several_keys_pins_them_in_their_order() -> None:
    pinned = Roots.from_pem(pem(SECOND, ROOT)).pinned
    assert [root.kid for root in pinned] == [SECOND.kid, ROOT.kid]


def test_a_file_without_a_key_or_with_too_many_is_refused() -> None:
    for content in (b"", b"no key", pem(ROOT)[:60], pem(*[ROOT] * (MOST_PINNED + 1))):
        with pytest.raises(TrustError):
            Roots.from_pem(content)


def test_no_endorsements_is_an_empty_array() -> None:
    assert join_endorsements([]) == NO_ENDORSEMENTS
