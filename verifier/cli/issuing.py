"""The agencies' app of one process. Apart from `serve`, so that no scanning process loads it."""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from starlette.applications import Starlette

from verifier import settings
from verifier.cli import options
from verifier.cli.office import Office
from verifier.issuing.api.app import create_app
from verifier.issuing.api.desk import Desk
from verifier.issuing.jobs import Jobs
from verifier.issuing.proposals import Means
from verifier.register.ledger import Ledger
from verifier.register.writer import Writer


def issuing() -> Starlette:
    """Make the agencies' app of one worker."""
    sys.setswitchinterval(options.SWITCH_SECONDS)
    return issuing_app(Office(settings.read()))


def issuing_app(office: Office, clock: Callable[[], float] = time.time) -> Starlette:
    """Make the agencies' app on what an office has."""

    def ledger() -> AbstractContextManager[Ledger]:
        return office.ledger(int(clock()))

    means = Means(signer_of=office.certificate_signer, base_url=office.settings.address)
    jobs = Jobs(
        database=office.database,
        ledger=ledger,
        means=means,
        folder=office.settings.data_dir / "imports",
        clock=clock,
    )
    return create_app(
        Desk(
            database=office.database,
            writer=Writer(ledger),
            clock=clock,
            means=means,
            trust=office.trust_in,
            status_signer=office.status_signer,
            status_publisher=office.status_publisher,
            photos=office.photos,
            jobs=jobs,
        )
    )
