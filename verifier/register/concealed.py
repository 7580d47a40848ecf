"""Who may be named by no public record: the holder of a certificate that was made restricted (IM-2023 Art 9).

The officer list has no void certificate anyway; notices and the look-up know void ones, by which the holder
of the restricted one that came in their place could be told.
"""

from sqlalchemy import ColumnElement, select, text

from verifier.register import tables


def is_concealed() -> ColumnElement[bool]:
    """Give the condition that a restricted certificate came in place of this one, at once or later on."""
    certificate = tables.certificate.alias("made_restricted").c
    concealed = (
        select(certificate.replaces.label("id"))
        .where(text("made_restricted.restricted AND made_restricted.replaces IS NOT NULL"))
        .cte("concealed", recursive=True)
    )
    older = tables.certificate.alias("older").c
    concealed = concealed.union(
        select(older.replaces).where(older.id == concealed.c.id, older.replaces.is_not(None))
    )
    return tables.certificate.c.id.in_(select(concealed.c.id))
