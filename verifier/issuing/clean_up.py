"""Why a certificate is cleaned up (清理原因) → what happens to it: NM-2022 2(2), in `clean_up.toml`."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import OTHER, Jurisdiction, Words
from verifier.certificate.lifecycle import Event

_FORM: Final = re.compile(r"[(]?([1-5]?)[)、.,:]*(.*)", re.DOTALL)
"""The number of the list, the wording, or both: `2`, `调离`, `2.调离`, `（2）调离`."""


class UnknownReasonError(LiangzhengError, ValueError):
    """No reason of the list. What was written is a person's own affair, and is not repeated."""


class CleanUpReason(BaseModel):
    """One entry of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1, le=5)
    name: Words
    event: Literal["cancelled", "lost", "replaced"]
    reasons: tuple[str, ...] = Field(min_length=1)
    """Reason codes; the first that the jurisdiction knows is taken."""
    rule: str
    words: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _always_has_a_reason(self) -> Self:
        if self.reasons[-1] != OTHER:
            raise ValueError("the last reason must be `other`, which every jurisdiction knows")
        return self

    @property
    def happening(self) -> Event:
        """What happens to the certificate; `replaced`: it is made anew."""
        return Event(self.event)

    def code(self, rules: Jurisdiction) -> str:
        """Give the reason code that a jurisdiction has for it."""
        known = rules.reasons(self.event)
        return next(reason for reason in self.reasons if reason in known)


def read_reason(text: str) -> CleanUpReason:
    """Tell what is meant by a reason as agencies write it.

    Args:
        text: the wording, the number of NM-2022 2(2), or both.

    Raises:
        UnknownReasonError: neither is known, or they contradict each other.
    """
    found = _FORM.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    assert found is not None, "the form takes every text"
    number, wording = found.groups()
    by_word, by_number = _by_word(), _by_number()
    reason = by_word.get(wording) if wording else by_number.get(number)
    if reason is None or (number and reason.number != int(number)):
        numbers = "; ".join(f"{entry.number} {entry.name.zh}" for _, entry in sorted(by_number.items()))
        raise UnknownReasonError(f"the clean-up reason (清理原因) is none of {reason_rule()}: {numbers}")
    return reason


def reason_rule() -> str:
    """Give the rule that the list is from."""
    return clean_up_reasons()[0].rule


@cache
def clean_up_reasons() -> tuple[CleanUpReason, ...]:
    """Give the list, in its order."""
    text = (resources.files(__package__) / "clean_up.toml").read_text(encoding="utf-8")
    return tuple(CleanUpReason.model_validate(entry) for entry in tomllib.loads(text)["clean_up"])


@cache
def _by_word() -> Mapping[str, CleanUpReason]:
    return {
        unicodedata.normalize("NFKC", word): entry for entry in clean_up_reasons() for word in entry.words
    }


@cache
def _by_number() -> Mapping[str, CleanUpReason]:
    """Where a number stands alone, the first entry of that number is meant."""
    return {str(entry.number): entry for entry in reversed(clean_up_reasons())}
