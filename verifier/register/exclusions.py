"""Kinds of certificates that exclude each other: nobody holds both at once (IM-2023 Art 11).

Persons are told apart by their ID number, which the register alone knows; of a holder without one, nothing
can be said, and nothing is refused.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Exclusion, Jurisdiction
from verifier.certificate.lifecycle import State
from verifier.certificate.model import Kind
from verifier.register import tables


class ExcludedError(LiangzhengError, ValueError):
    """The holder has a certificate of a kind that excludes this one. `rule` names the article."""

    def __init__(self, number: str, exclusion: Exclusion) -> None:
        super().__init__(
            f"number {number}: a {exclusion.kinds[0]} certificate excludes"
            f" a {exclusion.kinds[1]} certificate ({exclusion.rule})"
        )
        self.rule = exclusion.rule


class Holding(NamedTuple):
    """A certificate that somebody has or is about to get."""

    number: str
    kind: Kind
    person: str | None
    """The ID number, if it is known."""
    row: int | None
    """The register's id of the certificate, or of the one that it replaces."""


def require_none(connection: Connection, wanted: Sequence[Holding], rules: Jurisdiction, now: int) -> None:
    """Refuse certificates whose holder has, or is about to get, what excludes them.

    Args:
        connection: the writer's; sees what was issued before in the same batch.
        wanted: at most some hundred.
        rules: of the issuer's region.
        now: certificates that have expired by then exclude nothing.

    Raises:
        ExcludedError: the first that is excluded.
    """
    for exclusion in rules.exclusions:
        kinds = {Kind[name.upper()] for name in exclusion.kinds}
        held = _held(connection, {one.person for one in wanted}, kinds, now)
        for one in wanted:
            if one.person is None or one.kind not in kinds:
                continue
            others = {kind for kind, row in held.get(one.person, ()) if row != one.row}
            if others - {one.kind}:
                raise ExcludedError(one.number, exclusion)
            held.setdefault(one.person, set()).add((one.kind, None))


def _held(
    connection: Connection, persons: Collection[str | None], kinds: Collection[Kind], now: int
) -> dict[str, set[tuple[Kind, int | None]]]:
    """Give what persons hold: of each kind the first and the last id, which tell whether there is another."""
    known = [person for person in persons if person is not None]
    if not known:
        return {}
    certificates, private = tables.certificate.c, tables.particulars.c
    rows = connection.execute(
        select(private.id_number, certificates.kind, func.min(certificates.id), func.max(certificates.id))
        .join_from(tables.particulars, tables.certificate)
        .where(
            private.id_number.in_(known),
            certificates.kind.in_([int(kind) for kind in kinds]),
            certificates.state != int(State.REVOKED),
            certificates.valid_until > now,
        )
        .group_by(private.id_number, certificates.kind)
    )
    held: dict[str, set[tuple[Kind, int | None]]] = {}
    for person, kind, first, last in rows:
        held.setdefault(person, set()).update({(Kind(kind), first), (Kind(kind), last)})
    return held
