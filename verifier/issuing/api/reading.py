"""`GET /docs`: the OpenAPI document for people, as a page of our own that loads nothing from anywhere."""

import base64
import hashlib
from typing import Any, Final

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from starlette.responses import Response

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
details{border-top:1px solid #8886;padding:.5rem 0}summary{cursor:pointer}summary span{opacity:.8}
table{border-collapse:collapse;margin:.75rem 0;width:100%}caption{text-align:left;font-weight:600}
th,td{border-bottom:1px solid #8884;padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top}
pre{overflow-x:auto;padding:.75rem;background:#8882}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_TEMPLATE: Final = Environment(
    loader=PackageLoader("verifier.issuing.api"), autoescape=True, trim_blocks=True, lstrip_blocks=True
).get_template("docs.html")


def docs_page(app: FastAPI) -> Response:
    """Write the page."""
    document = app.openapi()

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found

    page = _TEMPLATE.render(
        document=document,
        resolved=resolved,
        shape=_shape,
        style=Markup(_STYLE),  # noqa: S704 # our own text, and the hash is over just this
    )
    return Response(page, media_type="text/html; charset=utf-8", headers=_HEADERS)


def _shape(field: dict[str, Any]) -> str:
    """Say what a value is, in a few words."""
    if "anyOf" in field:
        return " or ".join(_shape(each) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if field.get("type") == "array":
        return f"list of {_shape(field.get('items', {}))}"
    return " ".join(str(field[name]) for name in ("type", "format") if name in field) or str(
        field.get("const", "")
    )
