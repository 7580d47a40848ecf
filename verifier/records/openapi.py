"""What the records answer, as an OpenAPI document; schemathesis holds the app to it."""

from typing import Any, Final

from verifier.certificate.verdicts import Reason, Verdict
from verifier.records.notices import KINDS
from verifier.records.requests import BOUNDS

_PAGES: Final = {"text/html": {"schema": {"type": "string"}}}
_TEXT: Final = {"type": "string"}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_INSTANT: Final = {"type": "string", "format": "date-time"}


def _object(**members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_WORDS: Final = _object(**{"zh-CN": _TEXT, "en": _TEXT})
_ISSUER: Final = _object(code=_TEXT, name=_TEXT)
_CONTACT: Final = _object(body=_TEXT, phone=_TEXT, url=_TEXT)
_NEXT: Final = {"type": ["string", "null"], "description": "The next page's address; null on the last."}
_AGENCIES: Final = _object(
    agencies=_list(_object(issuer=_ISSUER, agency=_TEXT, officers={"type": "integer", "minimum": 1})),
    as_of=_INSTANT,
    next=_NEXT,
)
_OFFICERS: Final = _object(
    issuer=_ISSUER,
    agency=_MAYBE_TEXT,
    complaint={"oneOf": [_CONTACT, {"type": "null"}]},
    officers=_list(_object(name=_TEXT, area=_TEXT, categories=_list(_TEXT), number=_TEXT, agency=_TEXT)),
    next=_NEXT,
)
_NOTICES: Final = _object(
    notices=_list(
        _object(
            kind={"type": "string", "enum": list(KINDS)},
            message=_WORDS,
            number=_TEXT,
            name=_MAYBE_TEXT,
            agency=_TEXT,
            categories=_list(_TEXT),
            issuer=_ISSUER,
            published=_INSTANT,
            until=_INSTANT,
        )
    ),
    next=_NEXT,
)
_FOUND: Final = _object(
    answers=_list(
        _object(
            verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
            reason={"type": "string", "enum": [reason.value for reason in Reason]},
            message=_WORDS,
            certificate=_object(
                number=_TEXT,
                holder=_TEXT,
                agency=_TEXT,
                categories=_list(_TEXT),
                area=_TEXT,
                issuer=_ISSUER,
            ),
            status=_object(since=_MAYBE_TEXT, until=_MAYBE_TEXT),
            complaint=_CONTACT,
        )
    ),
    message=_WORDS,
    signature_seen={"const": False},
    checked_at=_INSTANT,
)
_ASKED: Final = {
    **_object(
        number={"type": "string", "pattern": f"^[0-9A-Za-z-]{{1,{BOUNDS.number_characters}}}$"},
        name={"type": "string", "minLength": 1, "maxLength": BOUNDS.text_characters},
    ),
    "additionalProperties": True,
}
_PROBLEM: Final = _object(type=_TEXT, title=_TEXT, status={"type": "integer"}, detail=_TEXT)


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
    content = {"application/problem+json": {"schema": _PROBLEM}, **_PAGES}
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
                "responses": {"200": _answer("It does.", _object(live={"const": True}), page=False)},
            }
        },
        "/health/ready": {
            "get": {
                "summary": "The register can be read.",
                "responses": {
                    "200": _answer("It can.", _object(ready={"const": True}), page=False),
                    "503": _answer("It cannot.", _object(ready={"const": False}), page=False),
                },
            }
        },
    },
}
