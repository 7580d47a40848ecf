"""`/imports`: a table in, a job out, and how far it is."""

import secrets
from datetime import date
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.dates import start_of_day
from verifier.certificate.lifecycle import NotEntitledError
from verifier.issuing import jobs
from verifier.issuing.api.access import Caller, IdempotencyKey, allowed, do_once
from verifier.issuing.api.models import IssuerCode
from verifier.issuing.api.responses import problems
from verifier.issuing.jobs import JobOptions
from verifier.register import authorities
from verifier.register.calls import Answer
from verifier.register.ledger import Ledger

router: Final = APIRouter(prefix="/imports", tags=["imports"])


class ImportJob(BaseModel):
    """An import of a table."""

    id: str
    state: Literal["queued", "running", "done", "refused"]
    read: int | None = Field(default=None, description="Rows read so far.")
    done: int | None = Field(default=None, description="Rows applied so far.")
    report: dict[str, Any] | None = Field(
        default=None,
        description="Once it has ended: rows, accepted, refused (row and reason), or why it was refused.",
    )


_QUEUED: Final[dict[int | str, dict[str, Any]]] = {202: {"model": ImportJob, "description": "It is queued."}}
_STATE: Final[dict[int | str, dict[str, Any]]] = {200: {"model": ImportJob, "description": "How far it is."}}
_TABLE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in (
                "text/csv",
                "application/json",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
        },
    }
}


@router.post("", status_code=202, responses={**_QUEUED, **problems(403, 404)}, openapi_extra=_TABLE)
async def import_table(
    request: Request,
    key: IdempotencyKey,
    caller: Annotated[Caller, allowed("import")],
    issuer: Annotated[IssuerCode | None, Query(description="Default: the authority of the token.")] = None,
    agency: Annotated[
        str | None, Query(max_length=BOUNDS.text_characters, description="Where the table names none.")
    ] = None,
    valid_from: Annotated[date | None, Query(description="The first day; default: today.")] = None,
    dry_run: Annotated[bool, Query(description="Say what would be done, and change nothing.")] = False,
    accept_good: Annotated[
        bool, Query(description="Apply the good rows of a table that has bad ones.")
    ] = False,
) -> Response:
    """Import a table: xlsx, CSV or JSON; an agency's is proposed, the issuer's applied. Scope: `import`."""
    job = secrets.token_hex(8)
    options = JobOptions(
        agency=agency,
        valid_from=start_of_day(valid_from) if valid_from else None,
        dry_run=dry_run,
        accept_good=accept_good,
    )
    await run_in_threadpool(caller.desk.jobs.keep, job, await request.body())
    entered = False

    def work(ledger: Ledger) -> Answer:
        nonlocal entered
        code = authorities.issuer_of(ledger.connection, issuer or caller.client.authority).code
        if caller.client.agency is not None and code != caller.client.authority:
            raise NotEntitledError("an agency's table goes to the issuer that the agency is under")
        jobs.enter(
            ledger.connection, job, client=caller.client.id, issuer=code, options=options, now=caller.now
        )
        entered = True
        content = orjson.dumps({"id": job, "state": "queued"})
        return Answer(202, content, {"location": f"/imports/{job}"})

    try:
        return await do_once(caller, key, work)
    finally:
        if entered:
            caller.desk.jobs.queued(job)
        else:  # a repeat, or refused
            caller.desk.jobs.forget(job)


@router.get("/{job}", responses={**_STATE, **problems(404)})
async def show_import(
    job: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")], caller: Annotated[Caller, allowed("import")]
) -> Response:
    """Tell how far an import is. Scope: `import`; for the client that sent it."""
    with caller.desk.reading() as connection:
        content = jobs.by_id(connection, job, caller.client.id)
    if content["report"] is None:
        progress = caller.desk.jobs.progress_of(job)
        content |= {"read": progress.read, "done": progress.done}
        if progress.read:
            content["state"] = "running"
    return Response(orjson.dumps(content), media_type="application/json")
