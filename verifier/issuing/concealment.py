"""Photos that must no longer be served: of holders whose certificate was made restricted (IM-2023 Art 9)."""

from sqlalchemy import Connection, select

from verifier.photos import PhotoStore
from verifier.register import tables


def concealed_photos(connection: Connection) -> list[bytes]:
    """Give the photos of certificates that restricted ones replaced, and that no other certificate shows."""
    old, new = tables.certificate.alias(), tables.certificate.alias()
    other = tables.certificate.alias()
    concealed = (
        select(old.c.photo)
        .join(new, new.c.replaces == old.c.id)
        .where(new.c.restricted, old.c.photo.is_not(None))
        .distinct()
    )
    succeeded = select(new.c.replaces).where(new.c.restricted, new.c.replaces.is_not(None))
    still_shown = select(other.c.photo).where(
        other.c.photo.in_(concealed), other.c.id.not_in(succeeded), other.c.state != 3
    )
    return list(connection.scalars(concealed.where(old.c.photo.not_in(still_shown))))


def remove_concealed(connection: Connection, store: PhotoStore) -> None:
    """Take those photos out of the store; again does nothing.

    Raises:
        PhotoStoreError: the store cannot be asked.
    """
    for digest in concealed_photos(connection):
        store.remove(digest)
