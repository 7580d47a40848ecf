"""A table → orders → certificates in force: everything is checked before anything is written."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from verifier.certificate.jurisdictions import Jurisdiction
from verifier.issuing import issuance
from verifier.issuing.forms import Form
from verifier.issuing.issuance import IssuanceError, Order, Terms, require_issuable
from verifier.issuing.photos import PhotoError, prepare
from verifier.issuing.rosters import Application, Refused, read_roster
from verifier.issuing.tables import TableError
from verifier.photos import PhotoStore
from verifier.register.ledger import Particulars


@dataclass(slots=True)
class ImportPlan:
    """What a table asks for, and what of it is refused."""

    rows: int
    orders: list[tuple[Application, Order]]
    refused: list[Refused]
    without_photo: int = 0

    def refuse_taken(self, connection: Connection, terms: Terms) -> None:
        """Refuse the rows whose number the register has already."""
        numbers = [order.number for _, order in self.orders]
        taken = issuance.taken_numbers(connection, terms.issuer, numbers)
        if taken:
            for row, order in self.orders:
                if order.number in taken:
                    reason = f"number {order.number} is already in the register"
                    self.refused.append(Refused(row.row, row.sheet, reason))
            self.orders = [(row, order) for row, order in self.orders if order.number not in taken]
            self.refused.sort(key=lambda refused: (refused.sheet, refused.row))

    @property
    def accepted(self) -> list[Order]:
        """The orders to issue, in the order of their rows."""
        return [order for _, order in self.orders]

    def take_photos(self, photos: "PhotoSource") -> None:
        """Keep the photos of all orders. Decoding takes long, so it is done before the register is held."""
        self.orders = [(row, replace(order, photo=photos.take(order.number))) for row, order in self.orders]


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """A folder of photos named by certificate number, and the store that they go to."""

    folder: Path
    store: PhotoStore

    def take(self, number: str) -> bytes | None:
        """Keep the photo of a number, if there is one, and give its digest.

        Raises:
            PhotoError: it cannot be used.
            PhotoStoreError: it cannot be kept.
        """
        photo = self.read(number)
        return self.store.keep(photo) if photo else None

    def read(self, number: str) -> bytes | None:
        """Give the photo of a number, if there is one, as it would be kept.

        Raises:
            PhotoError: it cannot be used.
        """
        for suffix in (".jpg", ".jpeg", ".png"):
            path = self.folder / f"{number}{suffix}"
            if path.is_file():
                return prepare(path.read_bytes())
        return None


def plan(
    file: Path,
    *,
    rules: Jurisdiction,
    terms: Terms,
    agency: str | None,
    photos: PhotoSource | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
) -> ImportPlan:
    """Read a table and check each of its rows; nothing is written.

    Raises:
        TableError: the file as a whole cannot be used.
    """
    seen = 0

    def on_rows(rows: int, _total: int | None) -> None:
        nonlocal seen
        progress(rows - seen)
        seen = rows

    roster = read_roster(file, rules=rules, agency=agency, progress=on_rows)
    if roster.form in {Form.REPLACEMENT, Form.CLEAN_UP}:
        raise TableError(f"the {roster.form} form is read, but not acted on yet; nothing was changed")
    orders: list[tuple[Application, Order]] = []
    refused = list(roster.refused)
    without_photo = 0
    for row in roster.applications:
        order = _order(row)
        try:
            require_issuable(order, terms)
            without_photo += photos is not None and photos.read(order.number) is None
        except (IssuanceError, PhotoError) as error:
            refused.append(Refused(row.row, row.sheet, str(error)))
        else:
            orders.append((row, order))
    refused.sort(key=lambda row: (row.sheet, row.row))
    return ImportPlan(roster.rows, orders, refused, without_photo)


def _order(row: Application) -> Order:
    return Order(
        number=row.number,
        holder=row.holder,
        agency=row.agency,
        categories=row.categories,
        area=row.area,
        particulars=Particulars(
            id_number=row.id_number,
            enforcement_types=row.enforcement_types,
            qualification=row.qualification,
        ),
    )
