"""Many certificates at once: those of a table's numbers."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from verifier.certificate.lifecycle import State
from verifier.register import tables
from verifier.register.certificates import WITH_CODE, particulars, registered
from verifier.register.ledger import Particulars, Registered


def by_numbers(
    connection: Connection, issuer: str, numbers: Sequence[str]
) -> Mapping[str, tuple[Registered, Particulars]]:
    """Find an issuer's certificates by their numbers, each as `certificates.find` would.

    Args:
        connection: an open connection.
        issuer: the issuer's code.
        numbers: at most some hundred.

    Returns:
        What there is, by number.
    """
    columns = tables.certificate.c
    query = (
        WITH_CODE.where(columns.number.in_(numbers), columns.issuer == issuer)
        # The last one of a number counts: the one in force, else the newest.
        .order_by(columns.state != int(State.REVOKED), columns.id)
    )
    found = {row.certificate_number: registered(row) for row in connection.execute(query)}
    known = {one.id: one.certificate.number for one in found.values()}
    private = select(tables.particulars).where(tables.particulars.c.certificate.in_(known))
    return {
        known[row.certificate]: (found[known[row.certificate]], particulars(row))
        for row in connection.execute(private)
    }
