"""What speaks against a group of officers who come together, and what cannot be told of them.

Nothing here ever says that an inspection is lawful. Nothing of a forged code is looked at: its certificate is
not even handed in. An unconfirmed code may be our own outage, and speaks against nobody. Differing categories
are listed and not judged, since no document demands equal ones.

What each document says stands in `inspections/*.toml`, and how far stated powers reach in `powers.toml`. An
article is named only where its document is in force and covers every certificate that the finding is about.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import combinations
from typing import Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from verifier.certificate.areas import area_of, meet
from verifier.certificate.jurisdictions import Provision, UnknownJurisdictionError, jurisdiction_of
from verifier.certificate.model import Certificate, Powers
from verifier.certificate.verdicts import Verdict


class Act(StrEnum):
    """What the officers are about to do, as far as XJ-EM-2020 Art 8 tells acts apart."""

    INSPECTION = "inspection"
    SIMPLE_PENALTY = "simple_penalty"
    ORDINARY_PENALTY = "ordinary_penalty"
    SEAL = "seal"
    SEIZE = "seize"
    COERCION = "coercion"


class _Told(StrEnum):
    """A closed list with the public words of each member."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str, en: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh, member.en = zh, en
        return member


class Against(_Told):
    """What may speak against a group."""

    TOO_FEW = (
        "too_few",
        "持有有效证件的执法人员不足两人。",
        "Fewer than two officers hold a certificate that is in force.",
    )
    SAME_PERSON = (
        "same_person",
        "这些证件属于同一人。",
        "These certificates belong to one and the same person.",
    )
    NOT_VALID = (
        "not_valid",
        "这不是一份目前有效的行政执法证件。",
        "This is no enforcement certificate that is in force now.",
    )
    AREAS_DO_NOT_MEET = (
        "areas_do_not_meet",
        "这些证件的执法区域没有共同之处。",
        "The enforcement areas of these certificates have no ground in common.",
    )
    OUTSIDE_POWERS = (
        "outside_powers",
        "该行为超出持证人的执法权限。",
        "The act lies outside the powers that the certificate gives.",
    )


class Open(_Told):
    """What may be impossible to tell of a group."""

    UNCONFIRMED = (
        "unconfirmed",
        "暂时无法核验，请稍后再试。",
        "It cannot be verified at the moment. Please try again shortly.",
    )
    AREAS_UNKNOWN = (
        "areas_unknown",
        "证件上的执法区域无法比较。",
        "The enforcement area on the certificate cannot be compared.",
    )
    POWERS_UNKNOWN = (
        "powers_unknown",
        "仅凭证件不能判断该行为是否在执法权限之内。",
        "The certificate alone does not tell whether the act lies within the powers.",
    )


class Scanned(NamedTuple):
    """One code of the group."""

    verdict: Verdict
    certificate: Certificate | None
    """None where nothing may be shown: forged, or no certificate at all."""
    region: str | None
    """GB/T 2260 of the issuer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that speaks against the group."""

    reason: Against
    codes: tuple[int, ...]
    """Which codes it is about, counted from 0."""
    article: Provision | None
    """The article that it rests on; None: no document in force covers these certificates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """One thing that cannot be told."""

    reason: Open
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What was found of a group."""

    against: tuple[Finding, ...]
    open: tuple[OpenQuestion, ...]
    categories: Mapping[str, tuple[int, ...]]
    """Which codes name each enforcement category, in the order of the codes."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Reach(_Data):
    """How far the powers reach that a certificate states."""

    inside: frozenset[Act]
    outside: frozenset[Act]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.inside & self.outside:
            raise ValueError("an act is both inside and outside")
        return self


class Document(_Data):
    """What one document says of officers who come together."""

    document: str
    area: str = Field(pattern=r"^[0-9]{2}$")
    categories: frozenset[str] = frozenset()
    """The enforcement categories that it is for; empty: all."""
    in_force: bool
    articles: Mapping[Against, Provision]

    def covers(self, scanned: Scanned) -> bool:
        """Tell whether it is in force, and for such a certificate."""
        certificate, region = scanned.certificate, scanned.region
        if not self.in_force or certificate is None or region is None or region[:2] != self.area:
            return False
        return not self.categories or not self.categories.isdisjoint(certificate.categories)


_ENOUGH: Final = 2
"""Officers (XJ-EM-2020 Art 16)."""
_MAY_HOLD: Final = (Verdict.VALID, Verdict.UNCONFIRMED)
_NEEDS_AN_ARTICLE: Final = (Against.TOO_FEW,)
"""Where no document demands two, one is not too few; all else is plain to see whatever the documents say."""


def judge(group: Sequence[Scanned], act: Act | None = None) -> Together:
    """Find what speaks against a group, and what cannot be told of it.

    Args:
        group: the codes, in the order in which they were sent.
        act: what the officers are about to do, if that was said.

    Returns:
        What was found; the findings in the order of the closed list.
    """
    genuine = {
        at: (one, one.certificate)
        for at, one in enumerate(group)
        if one.certificate is not None and one.verdict is not Verdict.UNCONFIRMED
    }
    persons = _persons({at: certificate for at, (_, certificate) in genuine.items()})
    # What does not hold has neither an area nor powers.
    holding = {at: both for at, both in genuine.items() if both[0].verdict is Verdict.VALID}
    apart, unknown = _areas(holding)
    reach = {at: _is_within_powers(stated, act) for at, (_, stated) in holding.items()}
    found = [
        *((Against.TOO_FEW, codes) for codes in _too_few(group, persons)),
        *((Against.SAME_PERSON, codes) for codes in persons if len(codes) > 1),
        *((Against.NOT_VALID, (at,)) for at, one in enumerate(group) if one.verdict not in _MAY_HOLD),
        *((Against.AREAS_DO_NOT_MEET, pair) for pair in apart),
        *((Against.OUTSIDE_POWERS, (at,)) for at, within in reach.items() if within is False),
    ]
    open_ = {
        Open.UNCONFIRMED: [at for at, one in enumerate(group) if one.verdict is Verdict.UNCONFIRMED],
        Open.AREAS_UNKNOWN: unknown,
        Open.POWERS_UNKNOWN: [at for at, within in reach.items() if within is None],
    }
    articles = ((reason, codes, _article(reason, [group[at] for at in codes])) for reason, codes in found)
    return Together(
        against=tuple(
            Finding(reason=reason, codes=codes, article=article)
            for reason, codes, article in articles
            if article is not None or reason not in _NEEDS_AN_ARTICLE
        ),
        open=tuple(
            OpenQuestion(reason=reason, codes=tuple(codes)) for reason, codes in open_.items() if codes
        ),
        categories=_categories({at: stated for at, (_, stated) in genuine.items()}),
    )


def _persons(certificates: Mapping[int, Certificate]) -> list[tuple[int, ...]]:
    """Give the codes of each person: the same issuer and number, or the same name and photo."""
    persons: list[tuple[set[tuple[str | bytes, ...]], tuple[int, ...]]] = []
    for at, certificate in certificates.items():
        marks: set[tuple[str | bytes, ...]] = {(certificate.issuer, certificate.number)}
        if certificate.holder is not None and certificate.photo is not None:
            marks.add((certificate.holder, certificate.photo))
        same = [person for person in persons if person[0] & marks]
        persons = [person for person in persons if person not in same]
        codes = sorted((at, *(code for _, known in same for code in known)))
        persons.append((marks.union(*(known for known, _ in same)), tuple(codes)))
    return sorted(codes for _, codes in persons)


def _too_few(group: Sequence[Scanned], persons: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Give the codes of those who are there if they are too few; each unconfirmed code may be one more."""
    holding = [[at for at in person if group[at].verdict is Verdict.VALID] for person in persons]
    officers = sum(map(bool, holding)) + sum(one.verdict is Verdict.UNCONFIRMED for one in group)
    if persons and officers < _ENOUGH:
        there = [at for codes in holding for at in codes] or [at for codes in persons for at in codes]
        yield tuple(sorted(there))


def _areas(
    holding: Mapping[int, tuple[Scanned, Certificate]],
) -> tuple[list[tuple[int, int]], list[int]]:
    """Give each two codes whose areas do not meet, and those whose areas cannot be compared."""
    apart: list[tuple[int, int]] = []
    unknown: set[int] = set()
    known = {at: area_of(stated.area or "", one.region or "") for at, (one, stated) in holding.items()}
    for one, other in combinations(holding, 2):
        met = meet(known[one], known[other])
        if met is False:
            apart.append((one, other))
        elif met is None and not _are_equal(holding[one], holding[other]):
            unknown.update(at for at in (one, other) if known[at] is None)
    return apart, sorted(unknown)


def _are_equal(one: tuple[Scanned, Certificate], other: tuple[Scanned, Certificate]) -> bool:
    """Tell whether two areas are the same text of the same region, which meets itself whatever it means."""
    texts = {((scanned.region or "")[:2], stated.area) for scanned, stated in (one, other)}
    return len(texts) == 1 and one[1].area is not None


def _is_within_powers(certificate: Certificate, act: Act | None) -> bool | None:
    """Tell whether an act is within the powers that a certificate states; None: it does not tell."""
    if act is None:
        return True
    if certificate.restricted:
        return None
    if certificate.powers is Powers.ALL:
        return True
    reach = _reaches()[certificate.powers]
    return True if act in reach.inside else False if act in reach.outside else None


def _article(reason: Against, about: Sequence[Scanned]) -> Provision | None:
    if reason is Against.NOT_VALID:
        return _refusal(about[0])
    for document in documents():
        if reason in document.articles and all(map(document.covers, about)):
            return document.articles[reason]
    return None


def _refusal(scanned: Scanned) -> Provision | None:
    """Give the article that the page quotes where a certificate does not hold."""
    certificate, region = scanned.certificate, scanned.region
    if certificate is None or region is None:
        return None
    try:
        refusal = jurisdiction_of(region, certificate.categories).refusal_for(certificate.categories)
    except UnknownJurisdictionError:
        return None
    return Provision(rule=refusal.rule, document=refusal.document) if refusal else None


def _categories(certificates: Mapping[int, Certificate]) -> dict[str, tuple[int, ...]]:
    named: dict[str, tuple[int, ...]] = {}
    for at, certificate in certificates.items():
        for category in certificate.categories:
            named[category] = (*named.get(category, ()), at)
    return named


@cache
def documents() -> tuple[Document, ...]:
    """Give what the documents say, those for a system before those for a whole region."""
    files = (f for f in resources.files(f"{__package__}.inspections").iterdir() if f.name.endswith(".toml"))
    known = [Document.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files]
    return tuple(sorted(known, key=lambda each: (not each.categories, each.document)))


@cache
def _reaches() -> Mapping[Powers, _Reach]:
    data = resources.files(__package__).joinpath("powers.toml").read_text(encoding="utf-8")
    return {Powers[name.upper()]: _Reach.model_validate(reach) for name, reach in tomllib.loads(data).items()}
