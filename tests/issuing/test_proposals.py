"""Proposals on a real register: who is asked, in which order, and what can go wrong between them."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.trust import Purpose
from tests.api.conftest import KEYS, TREE
from tests.office import BASE_URL, DAY, NOW
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import NumberError, articles_of
from verifier.certificate.lifecycle import Event, IllegalEventError, NotEntitledError, State
from verifier.certificate.model import Kind, Powers
from verifier.cli.office import Office
from verifier.issuing import proposals
from verifier.issuing.issuance import IssuanceError, Order, issue, terms_of
from verifier.issuing.proposals import MOST_WHY, TRANSFER, Means, ProposalError
from verifier.issuing.proposed import (
    Action,
    Proposal,
    ProposalState,
    Wish,
    by_number,
    content_of,
    listed,
    wish_of,
)
from verifier.issuing.replacement import Change
from verifier.register import authorities
from verifier.register.actors import Actor
from verifier.register.audit import audit
from verifier.register.certificates import find, let_happen, particulars_of
from verifier.register.errors import NotFoundError
from verifier.register.exclusions import ExcludedError
from verifier.register.ledger import Particulars, Registered
from verifier.settings import Settings

NUMBER: Final = "05505230901"
PERSON: Final = "990000197106030058"
NAIMAN, FARMING, CHANGJI = "奈曼旗应急管理局", "奈曼旗农牧局", "昌吉市农业农村局"
MORE: Final = """
[[agencies]]
issuer = "150000"
name = "通辽市水务局"
area = "150500"
complaint = { body = "通辽市司法局" }
[[agencies]]
issuer = "150000"
name = "科尔沁区城管局"
area = "150502"
complaint = { body = "科尔沁区司法局" }
"""
WITHOUT_KEY: Final = ("150500", "150525")


def authority(code: str) -> Actor:
    return Actor(name=f"of-{code}", authority=code)


def agency(issuer: str = "150000", name: str = NAIMAN) -> Actor:
    return Actor(name="agency", authority=issuer, agency=name)


OPERATOR: Final = Actor(name="operator")
PATHS: Final = {
    NAIMAN: (agency(), ("150525", "150500", "150000")),
    CHANGJI: (agency("652300", CHANGJI), ("652301", "652300")),
    "新疆维吾尔自治区机关事务管理局": (
        agency("650000", "新疆维吾尔自治区机关事务管理局"),
        ("650000",),
    ),
    "通辽市水务局": (agency(name="通辽市水务局"), ("150500", "150000")),
}
"""Who reviews what an agency asks for, the issuer last."""


@pytest.fixture(scope="module")
def founded_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with authorities at every level. Not to be changed."""
    directory = tmp_path_factory.mktemp("tree")
    office = Office(Settings(data_dir=directory, base_url=BASE_URL), create=True)
    office.custody.create()
    office.ring.create(Purpose.STATUS, now=NOW)
    for issuer in KEYS:
        office.ring.create(Purpose.CERTIFICATE, now=NOW, issuer=issuer)
    office.publish_trust(NOW, authorities.parse((TREE + MORE).encode()))
    office.database.close()
    return directory


@pytest.fixture
def office(founded_tree: Path, tmp_path: Path) -> Iterator[Office]:
    """A copy of it, to be changed at will."""
    directory = tmp_path / "tree"
    shutil.copytree(founded_tree, directory)
    opened = Office(Settings(data_dir=directory, base_url=BASE_URL))
    yield opened
    opened.database.close()


def means(office: Office) -> Means:
    return Means(signer_of=lambda issuer, _kind: office.certificate_signer(issuer), base_url=BASE_URL)


def order(**changes: Any) -> Order:
    facts: dict[str, Any] = {
        "number": NUMBER,
        "holder": "于丽",
        "agency": NAIMAN,
        "categories": ("应急管理",),
        "area": "奈曼旗",
        "particulars": Particulars(id_number=PERSON),
    }
    return Order(**(facts | changes))


def asking(**changes: Any) -> Wish:
    wanted = order(**changes)
    return Wish(action=Action.ISSUE, number=wanted.number, order=wanted)


def changing(action: Action = Action.REPLACE, reason: str = "facts", **to: Any) -> Wish:
    return Wish(action=action, number=NUMBER, change=Change(**to), reason=reason)


def propose(office: Office, *wishes: Wish, by: Actor | None = None, now: int = NOW) -> list[Proposal]:
    with office.ledger(now) as ledger:
        return proposals.propose(ledger, wishes, means=means(office), actor=by or agency(), now=now)


def decide(
    office: Office,
    proposal: int,
    by: Actor,
    *,
    approve: bool = True,
    why: str | None = None,
    rule: str | None = None,
    now: int = NOW,
) -> Proposal:
    with office.ledger(now) as ledger:
        return proposals.decide(
            ledger,
            proposal,
            approve=approve,
            why=why,
            rule=rule,
            means=means(office),
            actor=by,
            now=now,
        )


def approve_all(office: Office, made: Proposal, *, now: int = NOW) -> Proposal:
    for step in made.steps:
        made = decide(office, made.id, authority(step.authority), now=now)
    return made


def issued(office: Office, **changes: Any) -> Proposal:
    """Have a certificate issued the long way."""
    (made,) = propose(office, asking(**changes))
    return approve_all(office, made)


def happens(office: Office, event: Event, *, now: int, **details: Any) -> None:
    with office.ledger(now) as ledger:
        let_happen(ledger, event, NUMBER, actor=OPERATOR, now=now, **details)


def found(office: Office, number: str = NUMBER) -> Registered:
    with office.database.reading() as connection:
        return find(connection, number)


def events(office: Office) -> int:
    """Audit the register, and count its events."""
    with office.database.reading() as connection:
        return int(audit(connection, office.trust())["events"])


def shown(office: Office, proposal: int, to: Actor) -> Proposal:
    with office.database.reading() as connection:
        return by_number(connection, proposal, to)


# The path


@pytest.mark.parametrize("name", PATHS)
def test_from_the_agency_s_level_up_to_the_issuer_im_2023_art_12_13_and_xj_2022_art_11(
    office: Office, name: str
) -> None:
    proposer, path = PATHS[name]
    (made,) = propose(office, asking(agency=name), by=proposer)
    assert tuple(step.authority for step in made.steps) == path
    rule = "IM-2023 Art 12, 13" if path[-1] == "150000" else "XJ-2022 Art 11"
    assert {step.rule for step in made.steps} == {rule}
    done = approve_all(office, made)
    assert (done.state, found(office).id) == (ProposalState.ISSUED, done.certificate)
    assert [step.actor for step in done.steps] == [f"of-{code}" for code in path]
    assert events(office) == 1


def test_a_level_that_the_register_does_not_know_is_named_with_its_article(office: Office) -> None:
    with pytest.raises(ProposalError, match=r"county authority of area 150502.*IM-2023 Art 12, 13"):
        propose(office, asking(agency="科尔沁区城管局"), by=agency(name="科尔沁区城管局"))


@pytest.mark.parametrize(("issuer", "name", "days"), [("652300", CHANGJI, 20), ("150000", NAIMAN, None)])
def test_the_clock_runs_where_an_article_sets_one_xj_2022_art_12(
    office: Office, issuer: str, name: str, days: int | None
) -> None:
    (made,) = propose(office, asking(agency=name), by=agency(issuer, name))
    assert (made.due is not None) == (days is not None)
    if made.due is not None:
        assert 26 * DAY < made.due - NOW < 40 * DAY


# Who decides


ANYBODY: Final = [authority(code) for code in (*KEYS, *WITHOUT_KEY)] + [
    OPERATOR,
    agency(),
    agency(name=FARMING),
    agency("652300", CHANGJI),
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(PATHS)),
    decisions=st.lists(st.tuples(st.sampled_from(ANYBODY), st.booleans()), max_size=10),
    good_until=st.integers(0, 3),
)
def test_a_certificate_exists_if_just_the_path_s_authorities_approved_in_order(
    office: Office, name: str, decisions: list[tuple[Actor, bool]], good_until: int
) -> None:
    before = events(office)
    with office.database.reading() as connection:
        number = f"{len(listed(connection, OPERATOR, state=None, after=0, limit=1_000)):011}"
    proposer, path = PATHS[name]
    (made,) = propose(office, asking(agency=name, number=number), by=proposer)
    right = [(authority(code), True) for code in path[:good_until]]
    step, expected = 0, ProposalState.OPEN
    for actor, approves in right + decisions:
        decider = actor.authority or path[-1]
        takes = expected is ProposalState.OPEN and actor.agency is None and decider == path[step]
        try:
            decide(office, made.id, actor, approve=approves, why="理由")
        except LiangzhengError:
            assert not takes
        else:
            assert takes
            step += 1
            if not approves:
                expected = ProposalState.REFUSED
            elif step == len(path):
                expected = ProposalState.ISSUED
    assert shown(office, made.id, proposer).state is expected
    assert events(office) - before == (expected is ProposalState.ISSUED)


def test_attack_a_prefecture_of_another_area_approves(office: Office) -> None:
    (made,) = propose(office, asking(agency=CHANGJI), by=agency("652300", CHANGJI))
    decide(office, made.id, authority("652301"))
    for code in ("653100", "150500", "650000"):
        with pytest.raises(NotFoundError):
            decide(office, made.id, authority(code))


def test_attack_a_county_approves_its_own_step_twice(office: Office) -> None:
    (made,) = propose(office, asking())
    decide(office, made.id, authority("150525"))
    with pytest.raises(NotEntitledError, match=r"150500.*IM-2023 Art 12, 13"):
        decide(office, made.id, authority("150525"))


def test_attack_a_county_and_the_region_skip_the_prefecture(office: Office) -> None:
    (made,) = propose(office, asking())
    decide(office, made.id, authority("150525"))
    for skipping in (authority("150000"), OPERATOR):
        with pytest.raises(NotEntitledError, match="150500"):
            decide(office, made.id, skipping)
    assert events(office) == 0


def test_attack_an_authority_decides_after_the_proposal_was_taken_back(office: Office) -> None:
    (made,) = propose(office, asking())
    with office.ledger(NOW) as ledger:
        proposals.take_back(ledger, made.id, actor=agency())
    for code in ("150525", "150500", "150000"):
        with pytest.raises(ProposalError, match="withdrawn already"):
            decide(office, made.id, authority(code))
    with pytest.raises(ProposalError), office.ledger(NOW) as ledger:
        proposals.take_back(ledger, made.id, actor=agency())


@pytest.mark.parametrize("other", [agency(name=FARMING), agency("652300", CHANGJI), authority("653100")])
def test_attack_a_stranger_reads_or_takes_back_a_proposal(office: Office, other: Actor) -> None:
    (made,) = propose(office, asking())
    with pytest.raises(NotFoundError):
        shown(office, made.id, other)
    with pytest.raises(NotFoundError), office.ledger(NOW) as ledger:
        proposals.take_back(ledger, made.id, actor=other)
    with office.database.reading() as connection:
        assert listed(connection, other, state=None, after=0, limit=10) == []
        assert [each.id for each in listed(connection, authority("150500"), state=None, after=0, limit=10)]


def test_two_who_approve_the_last_step_at_once_issue_one_certificate(office: Office) -> None:
    (made,) = propose(office, asking())
    decide(office, made.id, authority("150525"))
    decide(office, made.id, authority("150500"))

    def approve(_turn: int) -> str:
        try:
            return decide(office, made.id, authority("150000")).state
        except ProposalError as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(approve, range(4)))
    assert outcomes == ["issued", *["the proposal was issued already (IM-2023 Art 12, 13)"] * 3]
    assert events(office) == 1


class _CutOffError(Exception):
    pass


def test_a_decision_that_is_cut_off_before_the_commit_never_was(office: Office) -> None:
    (made,) = propose(office, asking())
    decide(office, made.id, authority("150525"))
    decide(office, made.id, authority("150500"))
    with suppress(_CutOffError), office.ledger(NOW) as ledger:
        done = proposals.decide(
            ledger, made.id, approve=True, why=None, means=means(office), actor=authority("150000"), now=NOW
        )
        assert done.state is ProposalState.ISSUED
        raise _CutOffError
    again = shown(office, made.id, agency())
    assert (again.state, again.step, again.steps[2].decision) == (ProposalState.OPEN, 2, None)
    assert events(office) == 0
    assert decide(office, made.id, authority("150000")).state is ProposalState.ISSUED


def test_what_can_no_longer_be_issued_at_the_last_step_stays_undecided(office: Office) -> None:
    (made,) = propose(office, asking())
    decide(office, made.id, authority("150525"))
    decide(office, made.id, authority("150500"))
    with office.ledger(NOW) as ledger:
        issue(
            ledger,
            [order()],
            terms=terms_of(authorities.issuer_of(ledger.connection, "150000"), BASE_URL, valid_from=NOW),
            signer=office.certificate_signer("150000"),
            actor=authority("150000"),
            now=NOW,
        )
    with pytest.raises(IssuanceError, match="already in the register"):
        decide(office, made.id, authority("150000"))
    assert shown(office, made.id, agency()).steps[2].decision is None
    refused = decide(office, made.id, authority("150000"), approve=False, why="编号已用")
    assert refused.state is ProposalState.REFUSED


# Refusing


def test_a_refusal_needs_words_and_names_an_article(office: Office) -> None:
    (made,) = propose(office, asking())
    for silent in (None, ""):
        with pytest.raises(ProposalError, match=r"say why.*IM-2023 Art 12, 13"):
            decide(office, made.id, authority("150525"), approve=False, why=silent)
    refused = decide(office, made.id, authority("150525"), approve=False, why="未通过考试")
    assert (refused.steps[0].rule, refused.rule) == ("IM-2023 Art 12, 13",) * 2


def test_a_refusal_may_rest_on_another_article_of_the_jurisdiction_alone(office: Office) -> None:
    (made,) = propose(office, asking())
    for foreign in ("XJ-2022 Art 17", "IM-2023 Art 99", "=1+1"):
        with pytest.raises(ProposalError, match="rests on an article") as said:
            decide(office, made.id, authority("150525"), approve=False, why="不符", rule=foreign)
        assert foreign not in str(said.value)
    refused = decide(
        office, made.id, authority("150525"), approve=False, why="已持监督证", rule="IM-2023 Art 11"
    )
    assert (refused.steps[0].rule, refused.steps[1].rule) == ("IM-2023 Art 11", "IM-2023 Art 12, 13")


def test_the_articles_of_a_region_are_those_of_its_files_alone() -> None:
    assert {"IM-2023 Art 11", "IM-2023 Art 12, 13"} <= articles_of("150000")
    assert {"XJ-2022 Art 11", "XJ-2022 Art 12", "XJ-EM-2020 Art 17"} <= articles_of("650000")
    assert not articles_of("150000") & articles_of("650000")
    assert articles_of("110000") == frozenset()


def test_the_words_of_a_decision_may_have_400_characters_and_not_one_more(office: Office) -> None:
    (made,) = propose(office, asking())
    with pytest.raises(ProposalError, match="longer than 400"):
        decide(office, made.id, authority("150525"), why="由" * (MOST_WHY + 1))
    assert decide(office, made.id, authority("150525"), why="由" * MOST_WHY).step == 1


# What is asked for


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"number": "0550523090"}, NumberError, "11 "),
        ({"holder": "李" * 121}, IssuanceError, "holder"),
        ({"holder": " 于丽"}, IssuanceError, "holder"),
        ({"holder": "于\u202e丽"}, IssuanceError, "holder"),
        ({"holder": None}, IssuanceError, "holder"),
        ({"valid_until": NOW + 60 * 366 * DAY}, IssuanceError, "its own end"),
        ({"kind": Kind.MINISTRY}, ProposalError, "not proposed"),
        ({"agency": FARMING}, NotEntitledError, "its own officers.*IM-2023 Art 12, 13"),
        ({"agency": None}, NotEntitledError, "its own officers"),
    ],
)
def test_what_could_not_be_issued_is_refused_when_it_is_proposed(
    office: Office, changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as said:
        propose(office, asking(number="05505230999", holder="王五"), asking(**changes))
    assert PERSON not in str(said.value)
    assert "\n" not in str(said.value)
    with office.database.reading() as connection:
        assert listed(connection, OPERATOR, state=None, after=0, limit=10) == []


@pytest.mark.parametrize("holder", ["=HYPERLINK(1)", "<b>于丽</b>", "@SUM(A1)", "'; DROP TABLE step"])
def test_attack_formulas_and_markup_stay_the_text_that_they_are(office: Office, holder: str) -> None:
    done = issued(office, holder=holder)
    assert done.wish.order is not None
    assert (done.wish.order.holder, found(office).certificate.holder) == (holder, holder)
    assert events(office) == 1


def test_both_kinds_for_one_person_are_not_proposed_in_one_table_im_2023_art_11(office: Office) -> None:
    with pytest.raises(ExcludedError, match="IM-2023 Art 11") as said:
        propose(office, asking(), asking(number="05505230902", kind=Kind.SUPERVISION))
    assert PERSON not in str(said.value)


def test_an_authority_proposes_nothing(office: Office) -> None:
    for nobody in (authority("150525"), OPERATOR):
        with pytest.raises(NotEntitledError):
            propose(office, asking(), by=nobody)


def test_attack_the_same_number_is_proposed_twice(office: Office) -> None:
    with pytest.raises(ProposalError, match="proposed already"):
        propose(office, asking(), asking())
    (made,) = propose(office, asking())
    for who, name in ((agency(), NAIMAN), (agency(name=FARMING), FARMING)):
        with pytest.raises(ProposalError, match=r"^number 05505230901 is proposed already$"):
            propose(office, asking(agency=name), by=who)
    with office.ledger(NOW) as ledger:
        proposals.take_back(ledger, made.id, actor=agency())
    assert propose(office, asking())


def test_what_is_tried_leaves_nothing_behind(office: Office) -> None:
    propose(office, asking())
    assert events(office) == 0
    with pytest.raises(NotFoundError):
        found(office)


def test_particulars_reach_the_register_and_no_text_of_the_proposal(office: Office) -> None:
    done = issued(office)
    with office.database.reading() as connection:
        assert done.certificate is not None
        assert particulars_of(connection, done.certificate).id_number == PERSON
    assert PERSON not in repr(done)


# In another's place


def test_a_transfer_is_proposed_by_the_new_agency_im_2023_art_18(office: Office) -> None:
    issued(office)
    to_farming = changing(reason=TRANSFER, agency=FARMING)
    for who in (agency(), agency("652300", CHANGJI)):
        with pytest.raises(NotFoundError):
            propose(office, to_farming, by=who)
    (made,) = propose(office, to_farming, by=agency(name=FARMING))
    approve_all(office, made)
    assert found(office).certificate.agency == FARMING


@pytest.mark.parametrize("reason", ["facts", "damage", "renewal", "other"])
def test_attack_another_s_certificate_is_taken_over_without_a_transfer(office: Office, reason: str) -> None:
    issued(office)
    for wish in (changing(reason=reason, agency=FARMING), changing(reason=reason, area="通辽市")):
        with pytest.raises(NotFoundError, match="of yours"):
            propose(office, wish, by=agency(name=FARMING))


def test_attack_a_lost_certificate_of_another_is_taken_over_by_a_reissue(office: Office) -> None:
    issued(office)
    happens(office, Event.LOST, now=NOW + DAY, reason="lost")
    taken = changing(Action.REISSUE, reason=TRANSFER, agency=FARMING)
    with pytest.raises(NotFoundError):
        propose(office, taken, by=agency(name=FARMING), now=NOW + 40 * DAY)


def test_a_reissue_waits_for_the_notice_im_2023_art_19(office: Office) -> None:
    issued(office)
    happens(office, Event.LOST, now=NOW + DAY, reason="lost")
    again = changing(Action.REISSUE)
    with pytest.raises(IllegalEventError, match="IM-2023 Art 19"):
        propose(office, again, now=NOW + 5 * DAY)
    (made,) = propose(office, again, now=NOW + 40 * DAY)
    approve_all(office, made, now=NOW + 41 * DAY)
    assert found(office).standing.state is State.VALID


def test_attack_a_reissue_asks_for_a_new_validity(office: Office) -> None:
    issued(office)
    end = found(office).certificate.valid_until
    happens(office, Event.LOST, now=NOW + DAY, reason="lost")
    (made,) = propose(office, changing(Action.REISSUE, reason="renewal"), now=NOW + 40 * DAY)
    approve_all(office, made, now=NOW + 41 * DAY)
    assert found(office).certificate.valid_until == end


@pytest.mark.parametrize(
    ("number", "error"), [("0550523090A", NumberError), ("05505230902", IssuanceError), ("1", NumberError)]
)
def test_a_new_number_is_of_the_form_and_free(office: Office, number: str, error: type[Exception]) -> None:
    issued(office)
    issued(office, number="05505230902", particulars=Particulars())
    with pytest.raises(error):
        propose(office, changing(number=number))
    (made,) = propose(office, changing(number="05505230903"))
    approve_all(office, made)
    assert found(office, "05505230903").standing.state is State.VALID


SECRET: Final = {"holder": None, "agency": None, "categories": (), "area": None, "restricted": True}
SEALED: Final = {"holder": "于丽", "agency": NAIMAN, "categories": ["应急管理"], "area": "奈曼旗"}


def test_a_restricted_certificate_is_proposed_and_changed_by_its_agency_alone_im_2023_art_9(
    office: Office,
) -> None:
    issued(office, **SECRET, particulars=Particulars(sealed=SEALED))
    for wish in (changing(reason=TRANSFER, agency=FARMING), changing(area="通辽市")):
        for number in (NUMBER, "05505239999"):  # the one that there is sounds like the one that there is not
            with pytest.raises(NotFoundError, match=f"^no certificate {number} of yours$"):
                propose(office, replace(wish, number=number), by=agency(name=FARMING))
    (made,) = propose(office, changing(area="通辽市"))
    assert made.wish.change is not None
    assert made.wish.change.restricted
    approve_all(office, made)
    now_has = found(office)
    assert (now_has.certificate.restricted, now_has.certificate.area) == (True, None)
    with office.database.reading() as connection:
        sealed = particulars_of(connection, now_has.id).sealed
    assert sealed is not None
    assert sealed["area"] == "通辽市"


# As it is kept


_TEXTS: Final = st.text(min_size=1, max_size=20)
_PARTICULARS: Final = st.builds(
    Particulars,
    id_number=st.none() | _TEXTS,
    enforcement_types=st.lists(_TEXTS, max_size=3).map(tuple),
    qualification=st.none() | _TEXTS,
    sealed=st.none() | st.dictionaries(st.sampled_from(["holder", "agency", "area"]), _TEXTS, min_size=1),
)
_PHOTOS: Final = st.none() | st.binary(min_size=12, max_size=12)
_ORDERS: Final = st.builds(
    Order,
    number=_TEXTS,
    holder=st.none() | _TEXTS,
    agency=st.none() | _TEXTS,
    categories=st.lists(_TEXTS, max_size=3).map(tuple),
    area=st.none() | _TEXTS,
    kind=st.sampled_from(Kind),
    powers=st.sampled_from(Powers),
    photo=_PHOTOS,
    restricted=st.booleans(),
    valid_until=st.none() | st.integers(0, 1 << 40),
    particulars=_PARTICULARS,
)
_CHANGES: Final = st.builds(
    Change,
    number=st.none() | _TEXTS,
    holder=st.none() | _TEXTS,
    categories=st.none() | st.lists(_TEXTS, min_size=1, max_size=3).map(tuple),
    powers=st.none() | st.sampled_from(Powers),
    photo=_PHOTOS,
    restricted=st.none() | st.booleans(),
    particulars=_PARTICULARS,
)


@given(
    st.builds(Wish, action=st.just(Action.ISSUE), number=_TEXTS, order=_ORDERS)
    | st.builds(Wish, action=st.sampled_from(Action), number=_TEXTS, change=_CHANGES, reason=_TEXTS)
)
def test_a_wish_comes_back_as_it_was_kept(wish: Wish) -> None:
    assert wish_of(content_of(wish)) == wish
