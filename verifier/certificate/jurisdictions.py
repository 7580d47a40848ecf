"""The rules of each jurisdiction, read from `rules/*.toml`: a rule of law changes by editing data.

A regulation that is not in force (a draft) may guide what issuers do, and is never quoted to a citizen.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from verifier.certificate.dates import add_months
from verifier.certificate.errors import LiangzhengError

OTHER: Final = "other"
"""The reason that every event takes."""


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


class EventReason(_Data):
    """A reason that may be given for an event."""

    words: Words
    rule: str | None = None


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
    """The rules under which the issuers of one region act."""

    key: str
    """The regulation's key in rules.md, e.g. `IM-2023`."""
    name: Words
    area: str = Field(pattern=r"^[0-9]{2}$")
    """The first two digits of the region's GB/T 2260 codes."""
    region: Words
    """Its short name, for citizens."""
    in_force: bool
    number: Number
    validity: Validity
    suspension: Suspension | None = None
    """None: the regulation knows no suspension, and it is refused."""
    events: Mapping[str, Mapping[str, EventReason]]
    """By event, then by reason code."""
    refusals: tuple[Refusal, ...] = ()
    electronic: Provision | None = None
    """What makes an electronic certificate equal in force to the card; None: nothing says so."""

    def reasons(self, event: str) -> Mapping[str, EventReason]:
        """Give the reasons that an event may have, `other` always among them."""
        return {**self.events.get(event, {}), OTHER: EventReason(words=Words(zh="其他", en="other"))}

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
    """Give all jurisdictions, by their area (two digits)."""
    files = (f for f in resources.files(f"{__package__}.rules").iterdir() if f.name.endswith(".toml"))
    known = [parse(file.read_text(encoding="utf-8")) for file in sorted(files, key=lambda f: f.name)]
    return {rules.area: rules for rules in known}


def parse(text: str) -> Jurisdiction:
    """Read one jurisdiction's file.

    Raises:
        ValueError: not TOML, or not the rules of a jurisdiction.
    """
    return Jurisdiction.model_validate(tomllib.loads(text))


def jurisdiction_of(area: str) -> Jurisdiction:
    """Give the rules for an issuer's area code.

    Raises:
        UnknownJurisdictionError: no file for that region.
    """
    try:
        return jurisdictions()[area[:2]]
    except KeyError as error:
        known = ", ".join(f"{rules.area} {rules.region.zh}" for rules in jurisdictions().values())
        raise UnknownJurisdictionError(f"no rules for areas {area[:2]}…; known are {known}") from error
