"""What the API takes and answers, as OpenAPI has it; the certificate's model checks the texts."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.dates import iso, start_of_day
from verifier.certificate.jurisdictions import OTHER, KindName
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import Kind, Powers
from verifier.issuing.id_numbers import InvalidIdNumberError, read_id_number
from verifier.issuing.issuance import Order
from verifier.issuing.replacement import Change
from verifier.register.ledger import Particulars, Registered

EventName = Literal[
    "suspend",
    "reinstate",
    "withdraw",
    "cancel",
    "lose",
    "return",
    "destroy",
    "ask-review",
    "uphold",
    "reverse",
]
SuccessionName = Literal["replace", "reissue"]
EVENTS: dict[str, Event] = {
    "suspend": Event.SUSPENDED,
    "reinstate": Event.REINSTATED,
    "withdraw": Event.WITHDRAWN,
    "cancel": Event.CANCELLED,
    "lose": Event.LOST,
    "return": Event.RETURNED,
    "destroy": Event.DESTROYED,
    "ask-review": Event.REVIEW_ASKED,
    "uphold": Event.REVIEW_UPHELD,
    "reverse": Event.REVIEW_REVERSED,
}
PowersName = Literal["all", "entrusted", "township"]


def displayed(text: str) -> str:
    """Refuse what no text of a person is: halves of characters, and those that steer a display."""
    if any("\ud800" <= character <= "\udfff" or character < " " for character in text):
        raise ValueError("has characters that do not show")
    return text


def _id_number(text: str) -> str:
    try:
        return read_id_number(text)
    except InvalidIdNumberError as error:
        raise ValueError(str(error)) from None  # the error at hand could quote it


Text = Annotated[str, Field(min_length=1, max_length=BOUNDS.text_characters), AfterValidator(displayed)]
Number = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z-]{1,32}$", examples=["05505230001"], description="As it is printed.")
]
IssuerCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,18}$", examples=["150000"])]
ReasonCode = Annotated[
    str,
    Field(
        pattern=r"^[a-z_]{1,40}$",
        examples=["procedure"],
        description="A code of the jurisdiction (docs/operations.md, Reasons).",
    ),
]
Seconds = Annotated[int, Field(ge=0, lt=BOUNDS.seconds)]


class Sent(BaseModel):
    """A body; what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Private(Sent):
    """What the register keeps and never shows to the public."""

    id_number: Annotated[str, Field(max_length=18), AfterValidator(_id_number)] | None = None
    enforcement_types: Annotated[tuple[Text, ...], Field(max_length=16)] = ()
    qualification: Text | None = None

    def particulars(self, sealed: dict[str, Any] | None = None) -> Particulars:
        """Give them as the register has them."""
        return Particulars(
            id_number=self.id_number,
            enforcement_types=self.enforcement_types,
            qualification=self.qualification,
            sealed=sealed,
        )


class NewCertificate(Private):
    """A certificate to be issued, or, of kind `ministry`, to be filed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "05505230901",
                    "holder": "于丽",
                    "agency": "奈曼旗应急管理局",
                    "categories": ["应急管理"],
                    "area": "奈曼旗",
                    "id_number": "990000197106030058",
                }
            ]
        }
    )

    issuer: IssuerCode | None = Field(default=None, description="Default: the authority of the token.")
    number: Number
    kind: KindName = "enforcement"
    holder: Text
    agency: Text
    categories: Annotated[tuple[Text, ...], Field(min_length=1, max_length=BOUNDS.categories)]
    area: Text
    powers: PowersName = "all"
    photo: Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")] | None = Field(
        default=None, description="What `POST /photos` answered."
    )
    restricted: bool = Field(default=False, description="The code states nothing of person or post.")
    valid_from: date | None = Field(default=None, description="The first day; default: today.")
    valid_until: date | None = Field(
        default=None, description="A ministry's certificate only: the first day on which it no longer holds."
    )

    def order(self) -> Order:
        """Give it as an order."""
        facts: dict[str, Any] = {
            "holder": self.holder,
            "agency": self.agency,
            "categories": self.categories,
            "area": self.area,
        }
        hidden: dict[str, Any] = {"holder": None, "agency": None, "categories": (), "area": None}
        return Order(
            number=self.number,
            kind=Kind[self.kind.upper()],
            powers=Powers.ALL if self.restricted else Powers[self.powers.upper()],
            photo=bytes.fromhex(self.photo) if self.photo and not self.restricted else None,
            restricted=self.restricted,
            valid_until=start_of_day(self.valid_until) if self.valid_until else None,
            particulars=self.particulars(facts if self.restricted else None),
            **(hidden if self.restricted else facts),
        )


class Happens(Sent):
    """An event on a certificate."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "procedure"}]})

    issuer: IssuerCode | None = Field(default=None, description="Where the number is not unique.")
    reason: ReasonCode = OTHER
    until: date | None = Field(default=None, description="A suspension only: the day on which it ends.")


class Succession(Private):
    """A new certificate in place of another: what it states that the old one does not."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "facts", "area": "通辽市"}]})

    issuer: IssuerCode | None = None
    reason: ReasonCode = OTHER
    number: Number | None = None
    holder: Text | None = None
    agency: Text | None = None
    categories: Annotated[tuple[Text, ...], Field(min_length=1, max_length=BOUNDS.categories)] | None = None
    area: Text | None = None
    powers: PowersName | None = None
    photo: Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")] | None = None
    restricted: bool | None = None

    def change(self) -> Change:
        """Give it as a change."""
        return Change(
            number=self.number,
            holder=self.holder,
            agency=self.agency,
            categories=self.categories,
            area=self.area,
            powers=Powers[self.powers.upper()] if self.powers else None,
            photo=bytes.fromhex(self.photo) if self.photo else None,
            restricted=self.restricted,
            particulars=self.particulars(),
        )


class Shown(BaseModel):
    """A certificate as the API answers it. Times are ISO 8601, Beijing time."""

    number: str
    issuer: str
    kind: KindName
    verdict: str = Field(description="What a scan would answer now.")
    reason: str
    since: str
    until: str | None
    holder: str | None
    agency: str | None
    categories: list[str]
    area: str | None
    powers: PowersName
    valid_from: str
    valid_until: str
    photo: str | None
    restricted: bool
    review: Literal["none", "asked", "upheld"]
    card: Literal["held", "returned", "destroyed"]
    event: int = Field(description="The last one; the ETag is this number.")
    particulars: dict[str, Any] | None = Field(
        default=None, description="With the scope `particulars` alone."
    )


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    rule: str | None = Field(default=None, description="The article that a refusal rests on.")
    errors: list[dict[str, Any]] | None = None
    results: list[dict[str, Any]] | None = Field(default=None, description="Of a bulk request: each item's.")


def shown(found: Registered, now: int) -> dict[str, Any]:
    """Give a certificate as `Shown` has it."""
    certificate, life = found.certificate, found.life
    reason = found.reason(now)
    return {
        "number": certificate.number,
        "issuer": certificate.issuer,
        "kind": certificate.kind.name.lower(),
        "verdict": reason.verdict,
        "reason": reason,
        "since": iso(life.standing.since),
        "until": iso(life.standing.until) if life.standing.until else None,
        "holder": certificate.holder,
        "agency": certificate.agency,
        "categories": certificate.categories,
        "area": certificate.area,
        "powers": certificate.powers.name.lower(),
        "valid_from": iso(certificate.valid_from),
        "valid_until": iso(certificate.valid_until),
        "photo": certificate.photo.hex() if certificate.photo else None,
        "restricted": certificate.restricted,
        "review": life.review.name.lower(),
        "card": life.card.name.lower(),
        "event": found.event,
    }
