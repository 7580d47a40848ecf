"""Pieces of which the OpenAPI documents are made: shapes that several answers share."""

from typing import Any, Final

from verifier.problems import PROBLEM

TEXT: Final = {"type": "string"}
MAYBE_TEXT: Final = {"type": ["string", "null"]}
INSTANT: Final = {"type": "string", "format": "date-time"}


def object_of(**members: Any) -> dict[str, Any]:
    """Give the shape of an object with these members, all of them and no others."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def list_of(items: Any) -> dict[str, Any]:
    """Give the shape of a list."""
    return {"type": "array", "items": items}


def maybe(shape: Any) -> dict[str, Any]:
    """Give the shape of what may be null."""
    return {"oneOf": [shape, {"type": "null"}]}


WORDS: Final = object_of(**{"zh-CN": TEXT, "en": TEXT})
CONTACT: Final = object_of(body=TEXT, phone=TEXT, url=TEXT)
PROBLEM_CONTENT: Final = {
    PROBLEM: {"schema": object_of(type=TEXT, title=TEXT, status={"type": "integer"}, detail=TEXT)}
}
