"""The rules of each jurisdiction, read from `rules/*.toml`: a rule of law changes by editing data.

A regulation that is not in force (a draft) may guide what issuers do, and is never quoted to a citizen.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from verifier.certificate.dates import add_months
from verifier.certificate.errors import LiangzhengError

OTHER: Final = "other"
"""The reason that every event takes."""

Level = Literal["region", "prefecture", "county"]
"""Where an authority stands; GB/T 2260 codes tell it."""
LEVELS: Final[tuple[Level, ...]] = ("county", "prefecture", "region")
"""The lowest first."""
Rank = Literal["region", "prefecture", "county", "agency", "issuer"]
"""In which capacity somebody acts."""
KindName = Literal["enforcement", "supervision", "ministry"]


def level_of(area: str) -> Level:
    """Give the level of a GB/T 2260 code: `650000` a region, `652300` a prefecture, `652301` a county."""
    return "region" if area[2:] == "0000" else "prefecture" if area[4:] == "00" else "county"


def lies_within(area: str, outer: str) -> bool:
    """Tell whether one GB/T 2260 area is another, or a part of it."""
    return area.startswith(area_prefix(outer))


def area_prefix(area: str) -> str:
    """Give what the GB/T 2260 codes of an area and of all its parts begin with."""
    return area[: {"region": 2, "prefecture": 4, "county": 6}[level_of(area)]]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Data):
    """A text for people, Chinese first."""

    zh: str
    en: str


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError("not a regular expression") from error
    return pattern


class Number(_Data):
    """The form of a certificate number."""

    pattern: Annotated[str, AfterValidator(_compiles)]
    form: Words
    """The same in words, for the message that refuses a number."""


class Validity(_Data):
    """How long a certificate holds."""

    years: int = Field(ge=1, le=20)
    rule: str


class Suspension(_Data):
    """How long a suspension lasts, at most and by default."""

    months: int = Field(ge=1, le=24)
    rule: str


class Loss(_Data):
    """What follows a loss: the public notice, and when a new certificate may be issued."""

    notice_days: int = Field(ge=1, le=365)
    reissue_after_days: int = Field(ge=0, le=365)
    rule: str


class Renewal(_Data):
    """How long before the end of its validity a certificate may be renewed."""

    months: int = Field(ge=1, le=24)
    rule: str


class Review(_Data):
    """How long a holder may object to a withdrawal or a cancellation."""

    days: int = Field(ge=1, le=365)
    rule: str


class Proposals(_Data):
    """How what an agency asks for is reviewed."""

    order: tuple[Level, ...] = Field(min_length=1)
    """The levels of justice departments, the lowest first; the issuer's is the last to decide."""
    rule: str
    working_days: int | None = Field(default=None, ge=1, le=365)
    """How long the levels together have; None: the regulation says nothing."""
    deadline_rule: str | None = None


class Issuing(_Data):
    """Which levels may issue certificates of a kind."""

    by: tuple[Level, ...] = Field(min_length=1)
    rule: str


class Serving(_Data):
    """Which agencies an issuer of each level serves, by the agencies' own level."""

    rule: str
    region: tuple[Level, ...] = ()
    prefecture: tuple[Level, ...] = ()
    county: tuple[Level, ...] = ()

    def by(self, level: Level) -> tuple[Level, ...]:
        """Give the levels of the agencies that an issuer of a level serves."""
        return {"region": self.region, "prefecture": self.prefecture, "county": self.county}[level]


class Exclusion(_Data):
    """Kinds of certificates of which nobody may hold two at once."""

    kinds: tuple[KindName, KindName]
    rule: str


class EventReason(_Data):
    """A reason that may be given for an event."""

    words: Words
    rule: str | None = None


class EventRules(_Data):
    """One event as a jurisdiction knows it."""

    by: tuple[Rank, ...] = Field(min_length=1)
    """Who may let it happen; `issuer`: the authority that issued the certificate, of whatever level."""
    rule: str
    reasons: Mapping[str, EventReason] = {}


class Refusal(_Data):
    """An article that entitles a citizen to refuse where no certificate is shown."""

    rule: str
    document: Words
    in_force: bool
    categories: tuple[str, ...] = ()
    """The enforcement categories that it speaks of; empty: all."""


class Provision(_Data):
    """An article, as a citizen may be told of it."""

    rule: str
    document: Words


class Jurisdiction(_Data):
    """The rules under which the issuers of one region act, or those of one system within it."""

    key: str
    """The regulation's key in rules.md, e.g. `IM-2023`."""
    name: Words
    area: str = Field(pattern=r"^[0-9]{2}$")
    """The first two digits of the region's GB/T 2260 codes."""
    region: Words
    """Its short name, for citizens."""
    in_force: bool
    categories: tuple[str, ...] = ()
    """The enforcement categories of the system that the regulation is for; empty: all others."""
    number: Number
    validity: Validity
    suspension: Suspension | None = None
    """None: the regulation knows no suspension, and it is refused."""
    loss: Loss
    renewal: Renewal
    review: Review | None = None
    proposals: Proposals
    issuing: Mapping[KindName, Issuing]
    serves: Serving
    exclusions: tuple[Exclusion, ...] = ()
    events: Mapping[str, EventRules]
    """By event; one that is not here is refused."""
    refusals: tuple[Refusal, ...] = ()
    electronic: Provision | None = None
    """What makes an electronic certificate equal in force to the card; None: nothing says so."""

    @model_validator(mode="after")
    def _lengths_are_given(self) -> Self:
        if ("suspended" in self.events) != (self.suspension is not None):
            raise ValueError("[suspension] and [events.suspended] go together")
        if ("review_asked" in self.events) != (self.review is not None):
            raise ValueError("[review] and [events.review_asked] go together")
        return self

    def reasons(self, event: str) -> Mapping[str, EventReason]:
        """Give the reasons that an event may have, `other` always among them."""
        known = self.events[event].reasons if event in self.events else {}
        return {**known, OTHER: EventReason(words=Words(zh="其他", en="other"))}

    def basis(self, event: str, reason: str) -> str:
        """Give the article that an event rests on: that of its reason, else that of the event."""
        return self.reasons(event)[reason].rule or self.events[event].rule

    def require_number(self, number: str) -> None:
        """Refuse a certificate number that is not of this jurisdiction's form.

        Raises:
            NumberError: it is not.
        """
        if not re.fullmatch(self.number.pattern, number, re.ASCII):
            raise NumberError(f"a certificate number must be {self.number.form.en}")

    def validity_end(self, valid_from: int) -> int:
        """Give the first second in which a certificate that begins then no longer holds."""
        return add_months(valid_from, 12 * self.validity.years)

    def refusal_for(self, categories: tuple[str, ...]) -> Refusal | None:
        """Give the article in force that a citizen may be told of, if there is one for these categories."""
        for refusal in self.refusals:
            if refusal.in_force and (not refusal.categories or set(refusal.categories) & set(categories)):
                return refusal
        return None

    @property
    def equal_in_force(self) -> Provision | None:
        """The article in force that makes an electronic certificate as good as the card, if there is one."""
        return self.electronic if self.in_force else None


class NumberError(LiangzhengError, ValueError):
    """A certificate number out of form."""


class UnknownJurisdictionError(LiangzhengError, LookupError):
    """No rules are known for an issuer."""


@cache
def jurisdictions() -> Mapping[str, Jurisdiction]:
    """Give all jurisdictions, by their key."""
    files = (f for f in resources.files(f"{__package__}.rules").iterdir() if f.name.endswith(".toml"))
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    bases = {table["key"]: table for table in tables if "extends" not in table}
    known = [
        Jurisdiction.model_validate(
            _extended(bases[table["extends"]], table) if "extends" in table else table
        )
        for table in tables
    ]
    return {rules.key: rules for rules in sorted(known, key=lambda rules: (rules.area, rules.key))}


def parse(text: str) -> Jurisdiction:
    """Read the file of a jurisdiction that stands by itself.

    Raises:
        ValueError: not TOML, or not the rules of a jurisdiction.
    """
    return Jurisdiction.model_validate(tomllib.loads(text))


def jurisdiction_of(area: str, categories: Iterable[str] = ()) -> Jurisdiction:
    """Give the rules for an issuer's area code.

    Args:
        area: GB/T 2260; the first two digits count.
        categories: of the certificate; a system's own regulation goes before the region's.

    Raises:
        UnknownJurisdictionError: no file for that region.
    """
    here = [rules for rules in jurisdictions().values() if rules.area == area[:2]]
    if not here:
        known = ", ".join(
            f"{rules.area} {rules.region.zh}" for rules in jurisdictions().values() if not rules.categories
        )
        raise UnknownJurisdictionError(f"no rules for areas {area[:2]}…; known are {known}")
    named = set(categories)
    return min(here, key=lambda rules: (not named & set(rules.categories), bool(rules.categories)))


@cache
def articles_of(area: str) -> frozenset[str]:
    """Give the articles that the rules for an area rest on, those of its systems' own rules among them."""
    here = (rules for rules in jurisdictions().values() if rules.area == area[:2])
    return frozenset(article for rules in here for article in _articles(rules.model_dump()))


def _articles(data: object) -> Iterator[str]:
    if isinstance(data, Mapping):
        for name, value in data.items():
            if name in {"rule", "deadline_rule"} and value is not None:
                yield value
            else:
                yield from _articles(value)
    elif isinstance(data, tuple | list):
        for value in data:
            yield from _articles(value)


def _extended(base: Mapping[str, Any], system: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a system's rules over its region's: section by section, events one by one."""
    own = {name: value for name, value in system.items() if name != "extends"}
    return {**base, **own, "events": {**base["events"], **own.get("events", {})}}
