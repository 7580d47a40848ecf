"""The agencies with their counts, kept in memory: counting a million officers takes too long for a request.

Names and counts may lag by a minute, and say so; the lists of officers themselves are read at each request.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, select

from verifier.records.officers import Agency, agencies
from verifier.register import tables

TALLY_SECONDS: Final = 60
"""How old the counts may be before they are counted anew."""

_PLACE: Final = attrgetter("issuer", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted at one time."""

    as_of: int
    issuers: Mapping[str, str]
    """Names by code."""
    agencies: tuple[Agency, ...]
    """Those with a listed officer, by issuer and name."""

    def officers(self, issuer: str) -> int:
        """Give how many officers of an issuer are listed."""
        return sum(agency.officers for agency in self.agencies if agency.issuer == issuer)

    def page(
        self, *, issuer: str | None, find: str | None, after: tuple[str, ...] | None, size: int
    ) -> tuple[tuple[Agency, ...], tuple[str, str] | None]:
        """Give one page of agencies.

        Args:
            issuer: of this issuer alone.
            find: those alone whose name contains this.
            after: issuer and agency that the page before ended with.
            size: entries of a page, at most.

        Returns:
            The agencies, and what the next page begins after; None for the last page.
        """
        start = bisect_right(self.agencies, after, key=_PLACE) if after and len(after) > 1 else 0
        found = list[Agency]()
        for agency in self.agencies[start:]:
            if issuer in {None, agency.issuer} and (find is None or find in agency.name):
                if len(found) == size:
                    return tuple(found), (found[-1].issuer, found[-1].name)
                found.append(agency)
        return tuple(found), None


def count(connection: Connection, now: int) -> Tally:
    """Count anew."""
    authority = tables.authority.c
    rows = connection.execute(select(authority.code, authority.name).order_by(authority.code))
    issuers = {row.code: row.name for row in rows}
    return Tally(as_of=now, issuers=issuers, agencies=agencies(connection, now))
