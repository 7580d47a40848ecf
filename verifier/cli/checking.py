"""`liangzheng check`: verify a code without the register: authenticity and dates."""

import sys
from typing import Annotated, Final

import orjson
import typer

from verifier import settings
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.verdicts import Verdict
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.fetching import is_url
from verifier.scanning.answers import answer, know
from verifier.scanning.check import Finding, RefusedError, authenticate, check
from verifier.settings import Settings
from verifier.status.keeping import TrustKeeper

_AUTHENTIC: Final = {
    "zh-CN": "签名真实，在有效期内；是否被暂扣、撤销、注销或遗失作废，离线无法得知。",
    "en": "Authentic and within its dates; whether it was suspended or made void cannot be told offline.",
}


def check_code(
    code: Annotated[
        str, typer.Argument(metavar="CODE|-", help="The QR's text or digits; - reads them from stdin.")
    ],
    json: options.Json = False,
    trust: Annotated[
        str | None,
        typer.Option(
            "--trust",
            metavar="URL|DIRECTORY",
            help="Whose trust list counts, where there is no register here: a service's address, or what"
            " `keys export` wrote. Kept in DATA_DIR; an older one is never taken again.",
        ),
    ] = None,
) -> int:
    """Verify a code offline: whether it is authentic, and whether it is within its dates.

    Whether it was suspended, withdrawn, cancelled or lost, only the register can tell. Exit 0 if it holds.
    """
    text = sys.stdin.read(BOUNDS.text_input_characters + 1).strip() if code == "-" else code
    office, now = Office(settings.read()), seconds_now()
    if trust is None:
        listed = office.trust()
    else:
        keeper = TrustKeeper(office.settings.data_dir / "verifier", office.roots, options.note)
        listed = keeper.current(trust, now)
    known = None
    try:
        authentic = authenticate(text, trust=listed, base_url=_address(office.settings, trust), now=now)
        known = know(authentic, listed)
        finding = check(authentic, trust=listed, look_up=None, fresh=False, now=now)
    except RefusedError as refused:
        finding = Finding(reason=refused.reason)
    valid = finding.verdict is Verdict.VALID
    if json:
        content = answer(finding, known, as_of=None, now=now) | {"checked_offline": True}
        options.say(orjson.dumps(content | ({"message": _AUTHENTIC} if valid else {})).decode())
    else:
        words = _AUTHENTIC["en"] if valid else finding.reason.en
        options.say(f"{finding.verdict} ({finding.reason}): {words}")
        if finding.certificate and not finding.certificate.restricted:
            options.say(
                f"{finding.certificate.number}  {finding.certificate.holder}  {finding.certificate.agency}"
            )
    return 0 if valid else 1


def _address(current: Settings, source: str | None) -> str:
    """Give the address that codes lead to: ours as set, else the one that the trust list came from."""
    if source is not None and not current.is_address_known and is_url(source):
        return source.rstrip("/")
    return current.address
