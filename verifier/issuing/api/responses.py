"""The problem documents that each route may answer, for OpenAPI."""

from typing import Any, Final

from verifier.issuing.api.models import Problem

_WORDS: Final = {
    400: "The request is not HTTP or JSON as it must be.",
    401: "No token, or one that is not known, withdrawn or expired.",
    403: "Not for this token, or not for this actor by the rule named.",
    404: "No such thing, or none of the caller's business.",
    408: "The body did not arrive in time.",
    409: "Its state or the rules do not allow it; `rule` names the article.",
    412: "Something else happened to it since.",
    413: "The body is over its bound.",
    415: "A body of another kind than the route takes.",
    422: "A value is out of form, or the Idempotency-Key was used for another request.",
    428: "If-Match is missing.",
    503: "The register cannot be used at the moment; nothing was done.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Give the responses of a route."""
    return {
        status: {
            "description": _WORDS[status],
            "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
        }
        for status in statuses
    }


EVERY: Final = problems(400, 401, 403, 408, 413, 422, 503)
"""What every route may answer."""
