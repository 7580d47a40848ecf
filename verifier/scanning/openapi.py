"""What the citizens' side answers, as an OpenAPI document; schemathesis holds the app to it."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from keys.trust import KeyState, Purpose
from verifier.certificate.model import PHOTO_DIGEST_BYTES, Kind, Powers
from verifier.certificate.together import Act, Against, Open
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
from verifier.scanning.requests import BOUNDS
from verifier.status.token_status_list import CWT_TYPE, JWT_TYPE

_HEX: Final = {"type": "string", "pattern": "^[0-9a-f]+$"}
_MAYBE_INSTANT: Final = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final = {"type": "integer", "minimum": 0}


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


def _names(members: Iterable[Enum]) -> list[str]:
    return [member.name.lower() for member in members]


_KINDS: Final = _one_of(_names(Kind))
_CERTIFICATE: Final = object_of(
    number=TEXT,
    kind=_KINDS,
    holder=MAYBE_TEXT,
    agency=MAYBE_TEXT,
    categories=list_of(TEXT),
    area=MAYBE_TEXT,
    powers=_one_of(_names(Powers)),
    valid_from=INSTANT,
    valid_until=INSTANT,
    issuer=object_of(code=TEXT, name=MAYBE_TEXT),
    photo=MAYBE_TEXT,
    restricted={"type": "boolean"},
)
_ANSWER: Final = object_of(
    verdict=_one_of(Verdict),
    reason=_one_of(Reason),
    message=WORDS,
    certificate={
        **maybe(_CERTIFICATE),
        "description": "Null where nothing may be shown. For `unconfirmed`, as the signature has it.",
    },
    status=maybe(object_of(since=_MAYBE_INSTANT, until=_MAYBE_INSTANT, as_of=INSTANT)),
    presentation=object_of(kind=_one_of(["printed"])),
    complaint=maybe(CONTACT),
    checked_at=INSTANT,
)
_CODES: Final = {
    **list_of({"type": "integer", "minimum": 0, "maximum": BOUNDS.codes - 1}),
    "description": "Places in `codes`, counted from 0.",
}
_TOGETHER: Final = object_of(
    all_valid={"type": "boolean"},
    against={
        **list_of(
            object_of(
                reason=_one_of(Against),
                codes=_CODES,
                message=WORDS,
                rule=maybe(object_of(key=TEXT, document=WORDS)),
            )
        ),
        "description": "What speaks against these officers together. Empty does not mean lawful.",
    },
    cannot_tell=list_of(object_of(reason=_one_of(Open), codes=_CODES, message=WORDS)),
    categories=list_of(object_of(category=TEXT, codes=_CODES)),
)
_CHECKED: Final = object_of(answers=list_of(_ANSWER), together=_TOGETHER)
_ASKED: Final = {
    "type": "object",
    "properties": {
        "codes": {
            **list_of({"type": "string", "description": "What a scanner read: URL or digits."}),
            "minItems": 1,
            "maxItems": BOUNDS.codes,
        },
        "act": {
            "description": "What the officers are about to do.",
            **maybe(_one_of(Act)),
        },
    },
    "required": ["codes"],
    "additionalProperties": False,
}
_TRUST: Final = object_of(
    version=_COUNT,
    issued=INSTANT,
    ends=INSTANT,
    root=_HEX,
    issuers=list_of(object_of(code=TEXT, name=TEXT, area=TEXT, level=TEXT, complaint=CONTACT)),
    keys=list_of(
        object_of(
            kid=_HEX,
            issuer=MAYBE_TEXT,
            purpose=_one_of(Purpose),
            kinds=list_of(_KINDS),
            state=_one_of(KeyState),
            since=INSTANT,
            signs_from=_MAYBE_INSTANT,
            signs_until=_MAYBE_INSTANT,
        )
    ),
    status_lists=object_of(uri=TEXT, size={"type": "integer", "minimum": 1}),
    agencies=list_of(object_of(issuer=TEXT, name=TEXT, complaint=CONTACT)),
)
_SECONDS: Final = {"type": ["integer", "null"], "description": "Since 1970."}
_JWK: Final = object_of(
    kty={"const": "EC"},
    crv={"const": "P-256"},
    x=TEXT,
    y=TEXT,
    alg={"const": "ES256"},
    use={"const": "sig"},
    kid=_HEX,
    iss=MAYBE_TEXT,
    purpose=_one_of(Purpose),
    kinds=list_of(_KINDS),
    state=_one_of(KeyState),
    since=_SECONDS,
    signs_from=_SECONDS,
    signs_until=_SECONDS,
)
_JWK["properties"]["revoked"] = object_of(revoked_at=_SECONDS, reason={"const": "compromised"})
_JWKS: Final = object_of(keys=list_of(_JWK))
_READY: Final = object_of(
    ready={"type": "boolean"},
    fault=MAYBE_TEXT,
    warning=MAYBE_TEXT,
    trust=maybe(object_of(version=_COUNT, ends={"type": "number"})),
)
_RETRY: Final = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds."}}
_REFUSALS: Final = {
    400: "The body is out of form.",
    405: "The method is not answered.",
    413: f"The body is larger than {BOUNDS.body_bytes} bytes.",
    414: f"The path is longer than {BOUNDS.path_characters} characters.",
    503: "Not to be had right now.",
}


def _answer(description: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}, **more}


def _scanned(description: str, **more: Any) -> dict[str, Any]:
    answer = _answer(description, _ANSWER, **more)
    answer["content"]["text/html"] = {"schema": TEXT}
    return answer


def _file(description: str, kind: str) -> dict[str, Any]:
    return {"description": description, "content": {kind: {}}}


def _refusals(*codes: int) -> dict[str, Any]:
    return {str(code): {"description": _REFUSALS[code], "content": PROBLEM_CONTENT} for code in codes}


def _get(summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"summary": summary, **more, "responses": responses}}


def _published(summary: str, answer: dict[str, Any]) -> dict[str, Any]:
    return _get(summary, {"200": answer, "304": _UNCHANGED, **_refusals(503)})


def _path(name: str, pattern: str, example: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "pattern": pattern}
    return [{"name": name, "in": "path", "required": True, "schema": schema, "example": example}]


_UNCHANGED: Final = {"description": "Not changed since the ETag that was sent."}
_NO_PHOTO: Final = _scanned(
    "There is no such photo; what is no digest is answered as a code that is not ours."
)
_NO_PHOTO["content"].update(PROBLEM_CONTENT)

_STATUS_LISTS: Final = object_of(status_lists=list_of(TEXT))
_NO_STATUS_LIST: Final = _scanned("No such list; what is no number is answered as a code that is not ours.")
_NO_STATUS_LIST["content"].update(PROBLEM_CONTENT)

DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Liangzheng: scans of enforcement certificates",
        "version": "1",
        "description": "Whether a certificate is genuine and holds now. Read only. Any other path is answered"
        " as a code that is not ours, and GET as well as HEAD.",
    },
    "paths": {
        "/{digits}": _get(
            "One code: a page, or JSON with `Accept: application/json`.",
            {
                "200": _scanned("A code in our format: any verdict but the two below."),
                "404": _scanned("`not_a_certificate`: no code of ours."),
                **_refusals(414),
                "503": _scanned("`unconfirmed`: the register could not be asked; ask again.", headers=_RETRY),
            },
            parameters=_path("digits", f"^[0-9]{{1,{BOUNDS.path_characters}}}$", "123"),
        ),
        "/check": {
            "post": {
                "summary": "Several codes at once, and what speaks against their holders as a group.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": _ASKED,
                            "example": {"codes": ["123", "WIFI:S:office;;"], "act": "inspection"},
                        }
                    },
                },
                "responses": {
                    "200": _answer("An answer for each, in order.", _CHECKED),
                    **_refusals(400, 413),
                    "503": _answer("The same, and one of them is `unconfirmed`.", _CHECKED, headers=_RETRY),
                },
            }
        },
        "/photos/{digest}": _get(
            "A photo, by the start of its SHA-256, which the code carries signed.",
            {"200": _file("The photo.", "image/jpeg"), "404": _NO_PHOTO, **_refusals(503)},
            parameters=_path("digest", f"^[0-9a-f]{{{2 * PHOTO_DIGEST_BYTES}}}$", "f208cb281408615213c16dec"),
        ),
        "/trust": _published("The signed trust list.", _file("COSE_Sign1.", "application/cose")),
        "/trust/directory": _published("The signed directory.", _file("COSE_Sign1.", "application/cose")),
        "/trust/roots": _published(
            "What leads from each root key of before to the one in force.",
            _file("A CBOR array of COSE_Sign1.", "application/cbor"),
        ),
        "/trust.json": _published("The trust list for reading.", _answer("What it says.", _TRUST)),
        "/.well-known/jwks.json": _published(
            "All keys as JSON Web Keys (RFC 7517).", _answer("The keys.", _JWKS)
        ),
        "/keys.cose": _published(
            "All keys as a COSE Key Set (RFC 9052).", _file("The keys.", "application/cose-key-set")
        ),
        "/status": _published("The addresses of all Token Status Lists.", _answer("They.", _STATUS_LISTS)),
        "/status/{list}": _get(
            "A Token Status List, as CWT or, with `Accept: application/statuslist+jwt`, as JWT.",
            {
                "200": {"description": "The signed list.", "content": {CWT_TYPE: {}, JWT_TYPE: {}}},
                "304": _UNCHANGED,
                "404": _NO_STATUS_LIST,
                **_refusals(503),
            },
            parameters=_path("list", "^(0|[1-9][0-9]{0,3})$", "0"),
        ),
        "/openapi.json": _get("This document.", {"200": _answer("The document.", {"type": "object"})}),
        "/health/live": _get(
            "The process answers.", {"200": _answer("It does.", object_of(live={"const": True}))}
        ),
        "/health/ready": _get(
            "Scans can be confirmed.",
            {"200": _answer("They can.", _READY), "503": _answer("They cannot, and why.", _READY)},
        ),
        "/metrics": _get("The same in figures.", {"200": _file("For Prometheus.", "text/plain")}),
        "/favicon.ico": _get("Browsers ask for it.", {"204": {"description": "There is none."}}),
        "/robots.txt": _get("Nothing for search engines.", {"200": _file("The rules.", "text/plain")}),
    },
}
