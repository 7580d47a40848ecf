"""The agencies' app of one process. Apart from `serve`, so that no scanning process loads it."""

import time
from collections.abc import Callable

from starlette.applications import Starlette

from verifier import settings
from verifier.cli.office import Office
from verifier.issuing.api.app import create_app
from verifier.issuing.api.desk import Desk
from verifier.register.writer import Writer


def issuing() -> Starlette:
    """Make the agencies' app of one worker."""
    return issuing_app(Office(settings.read()))


def issuing_app(office: Office, clock: Callable[[], float] = time.time) -> Starlette:
    """Make the agencies' app on what an office has."""
    return create_app(
        Desk(
            database=office.database,
            writer=Writer(lambda: office.ledger(int(clock()))),
            clock=clock,
            signer_of=office.ring.certificate_signer,
            base_url=office.settings.address,
            photos=office.photos,
        )
    )
