"""Signing live codes anew under another key: same claims, same digests, same places in the status lists.

After a key was compromised, what it signed holds online alone. New prints of the re-signed codes hold
offline too; old prints go on to answer online, since the register knows their claims. Nothing happens to a
certificate by it, so there is no event. Signed is what the log has under a signed head, never what a row
says.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, func, literal, select, tuple_, update

from verifier.certificate import cose
from verifier.certificate.cose import Signer
from verifier.certificate.lifecycle import State
from verifier.certificate.model import Kid, Kind, StatusReference
from verifier.register import tables
from verifier.register.certificates import TamperedError
from verifier.register.database import Database
from verifier.status.log import claims_digest
from verifier.status.replica import Replica

_PORTION: Final = 2_000
_KID_AT: Final = 9
"""Where the kid stands in a code, counted from 1 (docs/code-format.md, "Frame")."""
_CODE: Final = tables.code.c
_RENEW: Final = (
    update(tables.code)
    .where(
        _CODE.status_list == bindparam("in_list"),
        _CODE.idx == bindparam("at"),
        _CODE.signed == bindparam("old"),
    )
    .values(signed=bindparam("new"))
)


def count_live(connection: Connection, of: Kid, now: int) -> int:
    """Count the codes of a key whose certificates may hold now or later."""
    live = _live(of, now).subquery()
    return connection.scalar(select(func.count()).select_from(live)) or 0


def resign(
    database: Database,
    replica: Replica,
    *,
    of: Kid,
    signer_of: Callable[[str, Kind], Signer],
    now: int,
    progress: Callable[[int], None] = lambda _signed: None,
) -> int:
    """Sign the live codes of a key anew, portion by portion: a kill loses no more than the last one.

    Args:
        database: the register.
        replica: what the log says under its signed head.
        of: the key whose codes are replaced.
        signer_of: opens the key of an issuer for a kind.
        now: what has expired by now stays as it is.
        progress: told how many were signed since the last call.

    Returns:
        How many.

    Raises:
        TamperedError: a row holds other claims than the log knows; nothing is signed over that.
        RotationError: an issuer has no other key.
    """
    signed = 0
    for portion in _portions(database, _live(of, now)):
        renewed = [
            {
                "in_list": row.status_list,
                "at": row.idx,
                "old": row.signed,
                "new": cose.sign_code(_payload(row, replica), signer_of(row.issuer, Kind(row.kind))),
            }
            for row in portion
        ]
        with database.writing() as connection:
            connection.execute(_RENEW, renewed)
        signed += len(renewed)
        progress(len(renewed))
    return signed


def _live(of: Kid, now: int) -> Select[Any]:
    certificate = tables.certificate.c
    return (
        select(_CODE.status_list, _CODE.idx, _CODE.signed, certificate.issuer, certificate.kind)
        .join_from(tables.code, tables.certificate)
        .where(
            func.substr(_CODE.signed, _KID_AT, cose.KID_BYTES) == bytes(of),
            certificate.state != int(State.REVOKED),
            certificate.valid_until > now,
        )
    )


def _portions(database: Database, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    after = (-1, -1)
    place = tuple_(_CODE.status_list, _CODE.idx)
    while True:
        with database.reading() as connection:
            rows = connection.execute(
                query.where(place > tuple_(*map(literal, after)))
                .order_by(_CODE.status_list, _CODE.idx)
                .limit(_PORTION)
            ).all()
        if not rows:
            return
        yield rows
        after = (rows[-1].status_list, rows[-1].idx)


def _payload(row: Row[Any], replica: Replica) -> bytes:
    """Give the claims of a code, which must be those that the log has the digest of."""
    payload = cose.parse_code(row.signed).payload
    known = replica.look_up(StatusReference(row.status_list, row.idx))
    if known is None or known[0] != claims_digest(payload):
        raise TamperedError(
            f"the code at [{row.status_list}, {row.idx}] differs from the log: run `liangzheng audit`"
        )
    return payload
