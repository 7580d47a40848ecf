"""`liangzheng status-lists`: publish the Token Status Lists, where no issuing side runs that does it."""

import time
from typing import Annotated

import typer

from verifier import settings
from verifier.certificate.errors import LiangzhengError
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing.status_publication import PASS_SECONDS


def publish_status_lists(
    follow: Annotated[bool, typer.Option("--follow", help="Go on until stopped, a pass a second.")] = False,
) -> None:
    """Sign the status lists anew that changed, in which a suspension has ended, or that grow old.

    Each command that changes something does it too, and so do `serve issue` and `serve all`.
    """
    office = Office(settings.read())
    office.trust()
    if not follow:
        signed = office.status_publisher.publish(seconds_now())
        options.say(f"{len(signed)} status lists published")
        return
    fault = None
    while True:
        try:
            if signed := office.status_publisher.publish(seconds_now()):
                options.say(f"published {', '.join(map(str, signed))}")
            fault = None
        except LiangzhengError as error:  # said once; tried again for as long as it lasts
            if str(error) != fault:
                options.note(str(error))
            fault = str(error)
        time.sleep(PASS_SECONDS)
