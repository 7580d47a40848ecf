"""`liangzheng check`: verify a code without the register: authenticity and dates."""

import sys
from typing import Annotated

import orjson
import typer

from verifier import settings
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.verdicts import Verdict
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.scanning.answers import answer, know
from verifier.scanning.check import Finding, RefusedError, authenticate, check


def check_code(
    code: Annotated[
        str, typer.Argument(metavar="CODE|-", help="The QR's text or digits; - reads them from stdin.")
    ],
    json: options.Json = False,
) -> int:
    """Verify a code offline: whether it is authentic, and whether it is within its dates.

    Whether it was suspended, withdrawn, cancelled or lost, only the register can tell. Exit 0 if it holds.
    """
    text = sys.stdin.read(BOUNDS.text_input_characters + 1).strip() if code == "-" else code
    office, now = Office(settings.read()), seconds_now()
    trust = office.trust()
    known = None
    try:
        authentic = authenticate(text, trust=trust, base_url=office.settings.address, now=now)
        known = know(authentic, trust)
        finding = check(authentic, trust=trust, look_up=None, fresh=False, now=now)
    except RefusedError as refused:
        finding = Finding(reason=refused.reason)
    if json:
        content = answer(finding, known, as_of=None, now=now) | {"checked_offline": True}
        options.say(orjson.dumps(content).decode())
    else:
        options.say(f"{finding.verdict} ({finding.reason}): {finding.reason.en}")
        if finding.certificate and not finding.certificate.restricted:
            options.say(
                f"{finding.certificate.number}  {finding.certificate.holder}  {finding.certificate.agency}"
            )
        if finding.verdict is Verdict.VALID:
            options.note("checked offline: signature and dates alone; its state was not asked")
    return 0 if finding.verdict is Verdict.VALID else 1
