"""What a stranger asks → checked and bounded, or refused with one reason.

Parameters that are not ours are passed over, since messengers add their own to shared links.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import orjson

from verifier.certificate.bounds import BOUNDS as CODE_BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import ISSUER_CHARACTERS, InvalidCertificateError, check_text
from verifier.certificate.texts import tidy


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """The largest requests that are looked at; above them comes a 4xx."""

    query_bytes: int = 4_096
    parameters: int = 20
    body_bytes: int = 4_096
    text_characters: int = CODE_BOUNDS.text_characters
    """What is searched for, and each name in a cursor."""
    number_characters: int = CODE_BOUNDS.number_characters
    page: int = 100
    """Entries of one page, at most."""
    default_page: int = 50


BOUNDS: Final = RequestBounds()

_ISSUER: Final = re.compile(f"[0-9A-Za-z]{{1,{ISSUER_CHARACTERS}}}", re.ASCII)
_NUMBER: Final = re.compile(f"[0-9A-Za-z-]{{1,{BOUNDS.number_characters}}}", re.ASCII)
_KIND: Final = re.compile(r"[a-z]{1,20}")
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIZE: Final = re.compile(r"[0-9]{1,3}", re.ASCII)


class RequestError(LiangzhengError, ValueError):
    """A request out of form or over a bound. The message names the parameter and never repeats its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficersQuery:
    """What is asked of the officer list; None where it was not said, or left empty."""

    issuer: str | None
    agency: str | None
    find: str | None
    """Agencies whose name contains this."""
    officer: str | None
    """Officers whose name or number begins with this."""
    after: tuple[str, ...] | None
    """What the page before ended with: issuer and agency; or number, with the name in a search by name."""
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMark:
    """What a page of notices ended with: public facts, by which the next one begins."""

    time: int
    kind: str
    issuer: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesQuery:
    """What is asked of the notices."""

    after: NoticeMark | None
    size: int


def officers_query(query: bytes) -> OfficersQuery:
    """Read the parameters of `GET /officers`.

    Raises:
        RequestError: one is out of form, or over a bound.
    """
    given = _parameters(query, {"issuer", "agency", "find", "officer", "after", "limit"})
    asked = OfficersQuery(
        issuer=_matched("issuer", given, _ISSUER),
        agency=_text("agency", given),
        find=_text("find", given),
        officer=_text("officer", given),
        after=_cursor(given),
        size=_size(given),
    )
    if asked.issuer is None and (asked.agency or asked.officer):
        raise RequestError("agency and officer need the issuer.")
    return asked


def notices_query(query: bytes) -> NoticesQuery:
    """Read the parameters of `GET /notices` and `GET /notices.atom`.

    Raises:
        RequestError: one is out of form, or over a bound.
    """
    given = _parameters(query, {"after", "limit"})
    mark = None
    if "after" in given:
        parts = given["after"].split(",")
        patterns = (_TIME, _KIND, _ISSUER, _NUMBER)
        if len(parts) != len(patterns) or not all(
            pattern.fullmatch(part) for pattern, part in zip(patterns, parts, strict=True)
        ):
            raise RequestError("after is not where a page ended.")
        mark = NoticeMark(time=int(parts[0]), kind=parts[1], issuer=parts[2], number=parts[3])
    return NoticesQuery(after=mark, size=_size(given))


def look_up_query(body: bytes, content_type: str) -> tuple[str, str]:
    """Read number and name from the body of `POST /look-up`, a form's or JSON.

    Returns:
        The number and the name, tidied.

    Raises:
        RequestError: out of form.
    """
    is_json = content_type == "application/json"
    given = _json(body) if is_json else _pairs(body, {"number", "name"})
    number, name = tidy(given.get("number", "")), tidy(given.get("name", ""))
    if not _NUMBER.fullmatch(number):
        raise RequestError("number must be a certificate number: letters, digits and hyphens.")
    return number, _checked("name", name)


def _json(body: bytes) -> Mapping[str, str]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise RequestError('The body must be {"number": "…", "name": "…"}.')
    return given


def _parameters(query: bytes, known: set[str]) -> Mapping[str, str]:
    """Read a query string; what is empty counts as not given."""
    if len(query) > BOUNDS.query_bytes:
        raise RequestError(f"The query is longer than {BOUNDS.query_bytes} bytes.")
    return {name: value for name, value in _pairs(query, known).items() if value}


def _pairs(encoded: bytes, known: set[str]) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            encoded.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=BOUNDS.parameters,
        )
    except ValueError as error:
        raise RequestError("The parameters are no UTF-8 in URL encoding, or too many.") from error
    ours = [(name, value) for name, value in pairs if name in known]
    if len(dict(ours)) != len(ours):
        raise RequestError("A parameter is given twice.")
    return dict(ours)


def _matched(name: str, given: Mapping[str, str], pattern: re.Pattern[str]) -> str | None:
    value = given.get(name)
    if value is not None and not pattern.fullmatch(value):
        raise RequestError(f"{name} is out of form.")
    return value


def _text(name: str, given: Mapping[str, str]) -> str | None:
    value = tidy(given.get(name, ""))
    return _checked(name, value) if value else None


def _checked(name: str, value: str) -> str:
    try:
        check_text(name, value)
    except InvalidCertificateError as error:
        raise RequestError(f"{name} {error.why}.") from error
    return value


def _cursor(given: Mapping[str, str]) -> tuple[str, ...] | None:
    if "after" not in given:
        return None
    first, _, second = given["after"].partition(",")
    if not _NUMBER.fullmatch(first):
        raise RequestError("after is not where a page ended.")
    return (first, _checked("after", second)) if second else (first,)


def _size(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(BOUNDS.default_page))
    if not _SIZE.fullmatch(text) or not 1 <= int(text) <= BOUNDS.page:
        raise RequestError(f"limit must be 1 to {BOUNDS.page}.")
    return int(text)
