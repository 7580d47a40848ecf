"""`liangzheng audit`: is every row of the register what its chains say?"""

from verifier import settings
from verifier.cli import options
from verifier.cli.office import Office
from verifier.register.audit import audit, count_rows
from verifier.register.database import require_own_schema


def audit_register() -> None:
    """Recompute the chains and projections of the register, and name the first row that differs."""
    office = Office(settings.read())
    trust = office.trust()
    with (
        office.database.reading() as connection,
        options.progress("checking", count_rows(connection)) as advance,
    ):
        require_own_schema(connection)
        checked = audit(connection, trust, advance)
    options.say("clean: " + ", ".join(f"{count} {rows}" for rows, count in checked.items()))
