"""What the records answer, as an OpenAPI document; schemathesis holds the app to it."""

from typing import Any, Final

from verifier.certificate.verdicts import Reason, Verdict
from verifier.openapi import (
    CONTACT,
    INSTANT,
    MAYBE_TEXT,
    PROBLEM_CONTENT,
    TEXT,
    WORDS,
    list_of,
    maybe,
    object_of,
)
from verifier.records.notices import KINDS
from verifier.records.requests import BOUNDS

_PAGES: Final = {"text/html": {"schema": {"type": "string"}}}
_ISSUER: Final = object_of(code=TEXT, name=TEXT)
_NEXT: Final = {"type": ["string", "null"], "description": "The next page's address; null on the last."}
_AGENCIES: Final = object_of(
    agencies=list_of(object_of(issuer=_ISSUER, agency=TEXT, officers={"type": "integer", "minimum": 1})),
    as_of=INSTANT,
    next=_NEXT,
)
_OFFICERS: Final = object_of(
    issuer=_ISSUER,
    agency=MAYBE_TEXT,
    complaint=maybe(CONTACT),
    officers=list_of(object_of(name=TEXT, area=TEXT, categories=list_of(TEXT), number=TEXT, agency=TEXT)),
    next=_NEXT,
)
_NOTICES: Final = object_of(
    notices=list_of(
        object_of(
            kind={"type": "string", "enum": list(KINDS)},
            message=WORDS,
            number=TEXT,
            name=MAYBE_TEXT,
            agency=TEXT,
            categories=list_of(TEXT),
            issuer=_ISSUER,
            published=INSTANT,
            until=INSTANT,
        )
    ),
    next=_NEXT,
)
_FOUND: Final = object_of(
    answers=list_of(
        object_of(
            verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
            reason={"type": "string", "enum": [reason.value for reason in Reason]},
            message=WORDS,
            certificate=object_of(
                number=TEXT,
                holder=TEXT,
                agency=TEXT,
                categories=list_of(TEXT),
                area=TEXT,
                issuer=_ISSUER,
            ),
            status=object_of(since=MAYBE_TEXT, until=MAYBE_TEXT),
            complaint=CONTACT,
        )
    ),
    message=WORDS,
    signature_seen={"const": False},
    checked_at=INSTANT,
)
_ASKED: Final = {
    **object_of(
        number={"type": "string", "pattern": f"^[0-9A-Za-z-]{{1,{BOUNDS.number_characters}}}$"},
        name={"type": "string", "minLength": 1, "maxLength": BOUNDS.text_characters},
    ),
    "additionalProperties": True,
}


def _answer(description: str, schema: Any, *, page: bool = True) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}, **(_PAGES if page else {})}
    return {"description": description, "content": content}


def _refusals(*codes: int) -> dict[str, Any]:
    words = {
        400: "A parameter is out of form or over a bound.",
        404: "There is no such issuer.",
        405: "The method is not answered.",
        413: "The body is too large.",
        415: "The body is neither a form nor JSON.",
        429: "Too many look-ups from this address; see Retry-After.",
        503: "The register cannot be read; see Retry-After.",
    }
    content = {**PROBLEM_CONTENT, **_PAGES}
    return {str(code): {"description": words[code], "content": content} for code in codes}


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


_UNCHANGED: Final = {"304": {"description": "Not changed since the ETag that was sent."}}
_LIMIT: Final = _parameter(
    "limit", "Entries of a page.", type="integer", minimum=1, maximum=BOUNDS.page, default=BOUNDS.default_page
)
_AFTER: Final = _parameter("after", "Where the page before ended; taken from its `next`.")
_SEARCH: Final = {"maxLength": BOUNDS.text_characters}

DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Liangzheng: public records of enforcement certificates",
        "version": "1",
        "description": "Officer list, notices, and look-up by number and name. Read only.",
    },
    "paths": {
        "/officers": {
            "get": {
                "summary": "Agencies with their counts; with an issuer and an agency or a search, officers.",
                "parameters": [
                    _parameter("issuer", "The issuer's code.", pattern="^[0-9A-Za-z]{1,18}$"),
                    _parameter("agency", "The agency's name, whole. Needs `issuer`.", **_SEARCH),
                    _parameter("find", "Agencies whose name contains this.", **_SEARCH),
                    _parameter(
                        "officer",
                        "Officers whose name, or number if it has a digit, begins with this. Needs `issuer`.",
                        **_SEARCH,
                    ),
                    _AFTER,
                    _LIMIT,
                ],
                "responses": {
                    "200": _answer("Agencies, or officers.", {"oneOf": [_AGENCIES, _OFFICERS]}),
                    **_UNCHANGED,
                    **_refusals(400, 404, 503),
                },
            }
        },
        "/notices": {
            "get": {
                "summary": "What became void, the newest first.",
                "parameters": [_AFTER, _LIMIT],
                "responses": {
                    "200": _answer("Notices.", _NOTICES),
                    **_UNCHANGED,
                    **_refusals(400, 503),
                },
            }
        },
        "/notices.atom": {
            "get": {
                "summary": "The same as an Atom feed.",
                "parameters": [_AFTER, _LIMIT],
                "responses": {
                    "200": {
                        "description": "The feed.",
                        "content": {"application/atom+xml": {"schema": {"type": "string"}}},
                    },
                    **_UNCHANGED,
                    **_refusals(400, 503),
                },
            }
        },
        "/look-up": {
            "get": {
                "summary": "The form.",
                "responses": {"200": {"description": "The form.", "content": _PAGES}},
            },
            "post": {
                "summary": "How a certificate stands, to whoever knows its number and its holder's name.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-www-form-urlencoded": {"schema": _ASKED},
                        "application/json": {"schema": _ASKED},
                    },
                },
                "responses": {
                    "200": _answer("What was found, if anything.", _FOUND),
                    **_refusals(400, 413, 415, 429, 503),
                },
            },
        },
        "/health/live": {
            "get": {
                "summary": "The process answers.",
                "responses": {"200": _answer("It does.", object_of(live={"const": True}), page=False)},
            }
        },
        "/health/ready": {
            "get": {
                "summary": "The register can be read.",
                "responses": {
                    "200": _answer("It can.", object_of(ready={"const": True}), page=False),
                    "503": _answer("It cannot.", object_of(ready={"const": False}), page=False),
                },
            }
        },
    },
}
