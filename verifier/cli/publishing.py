"""What goes into a trust list: the authorities of the register, and their keys of the ring."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from keys.custody import Unsigned
from keys.rotation import Entry
from keys.trust import Issuer, Key, StatusLists, encode_directory, encode_trust
from verifier.certificate.dates import add_months
from verifier.certificate.jurisdictions import jurisdiction_of, level_of
from verifier.certificate.model import Kind
from verifier.register import authorities, indices

TRUST_MONTHS = 13
"""How long a trust list holds; it should be published anew each year."""


def unsigned_lists(
    connection: Connection, entries: Sequence[Entry], *, address: str, now: int, version: int
) -> Unsigned:
    """Write the next trust list and its directory, for the root to sign.

    Args:
        connection: of the register.
        entries: the keys of the ring, settled.
        address: where the status lists are.
        now: when the lists begin.
        version: theirs.

    Raises:
        TrustError: there are no issuers or keys, or two keys with the same kid.
    """
    issuers = authorities.issuers(connection)
    shared = {"version": version, "issued": now, "ends": add_months(now, TRUST_MONTHS)}
    return Unsigned(
        trust=encode_trust(
            **shared,
            issuers=issuers,
            keys=listed_keys(entries, issuers),
            status_lists=StatusLists(uri=f"{address}/status/{{list}}", size=indices.LIST_SIZE),
        ),
        directory=encode_directory(**shared, agencies=authorities.agencies(connection)),
    )


def listed_keys(entries: Sequence[Entry], issuers: Sequence[Issuer]) -> list[Key]:
    """Give the keys that a trust list has: those of its issuers, each for no more than its issuer may issue.

    So a key that was stolen from a county, say, speaks for none of the kinds that counties do not issue,
    whatever the ring says of it.
    """
    may_issue = {issuer.code: issuable_kinds(issuer) for issuer in issuers}
    listed: list[Key] = []
    for entry in entries:
        key = entry.public_key()
        if entry.issuer is None:
            listed.append(key)
        elif kinds := tuple(kind for kind in key.kinds if kind in may_issue.get(entry.issuer, ())):
            listed.append(key.model_copy(update={"kinds": kinds}))
    return listed


def left_out(entries: Sequence[Entry], issuers: Sequence[Issuer]) -> Iterator[str]:
    """Say of which keys a trust list has nothing, or less than the ring, and why."""
    by_code = {issuer.code: issuer for issuer in issuers}
    for entry in entries:
        if entry.issuer is None:
            continue
        issuer = by_code.get(entry.issuer)
        if issuer is None:
            yield f"left out: key {entry.kid} of issuer {entry.issuer}, which the register does not know"
        elif excess := set(entry.kinds) - issuable_kinds(issuer):
            names = ", ".join(Kind(kind).name.lower() for kind in sorted(excess))
            yield f"key {entry.kid} is not listed for {names}: issuer {entry.issuer} may not issue it"


def issuable_kinds(issuer: Issuer) -> set[int]:
    """Give the kinds that the rules let an issuer of this level issue."""
    issuing = jurisdiction_of(issuer.area).issuing
    level = level_of(issuer.area)
    return {int(kind) for kind in Kind if level in issuing[kind.name.lower()].by}  # type: ignore[index]  # the names of Kind are the keys
