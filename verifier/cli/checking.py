"""`liangzheng check`: verify a code without the register: authenticity and dates."""

import sys
from typing import Annotated, Final

import orjson
import typer

from verifier import settings
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import StatusReference
from verifier.certificate.verdicts import Verdict
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.fetching import is_url
from verifier.scanning.answers import Known, answer, know
from verifier.scanning.check import Finding, RefusedError, authenticate, check, check_by_list
from verifier.settings import Settings
from verifier.status.keeping import StatusKeeper, TrustKeeper
from verifier.status.token_status_list import StatusListError, StatusType

_AUTHENTIC: Final = {
    "zh-CN": "签名真实，在有效期内；是否被暂扣、撤销、注销或遗失作废，离线无法得知。",
    "en": "Authentic and within its dates; whether it was suspended or made void cannot be told offline.",
}
_BY_LIST: Final = {
    "zh-CN": "签名真实，在有效期内，状态名单未显示暂扣或作废；登记库是否有这份证件，离线无法得知。",
    "en": "Authentic, within its dates, and neither suspended nor void by the status list; whether the"
    " register has it, claim for claim, cannot be told offline.",
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
    status_list: Annotated[
        str | None,
        typer.Option(
            "--status-list",
            metavar="URL|FILE",
            help="Its Token Status List: a service's address, the list's own, or a file. If none can be"
            " relied on, nothing is valid.",
        ),
    ] = None,
) -> int:
    """Verify a code offline: whether it is authentic, within its dates, and what a status list says of it.

    Whether the register has it with just these claims only a scan can tell. Exit 0 if it holds.
    """
    text = sys.stdin.read(BOUNDS.text_input_characters + 1).strip() if code == "-" else code
    office, now = Office(settings.read()), seconds_now()
    kept = office.settings.data_dir / "verifier"
    listed = TrustKeeper(kept, office.roots, options.note).current(trust, now) if trust else office.trust()
    known = None
    try:
        authentic = authenticate(text, trust=listed, base_url=_address(office.settings, trust), now=now)
        known = know(authentic, listed)
        if status_list is None:
            finding = check(authentic, trust=listed, look_up=None, fresh=False, now=now)
        else:
            keeper = StatusKeeper(kept, listed, options.note)
            status = _status(keeper, authentic.certificate.status, status_list, now)
            finding = check_by_list(authentic, trust=listed, status=status, now=now)
    except RefusedError as refused:
        finding = Finding(reason=refused.reason)
    _say(finding, known, now, words=_AUTHENTIC if status_list is None else _BY_LIST, json=json)
    return 0 if finding.verdict is Verdict.VALID else 1


def _status(keeper: StatusKeeper, of: StatusReference, source: str, now: int) -> StatusType | None:
    """Look a status up; None, and a line why, where nothing may be relied on."""
    try:
        return keeper.status(of, source, now)
    except StatusListError as error:
        options.note(str(error))
        return None


def _say(finding: Finding, known: Known | None, now: int, *, words: dict[str, str], json: bool) -> None:
    valid = finding.verdict is Verdict.VALID
    if json:
        content = answer(finding, known, as_of=None, now=now) | {"checked_offline": True}
        options.say(orjson.dumps(content | ({"message": words} if valid else {})).decode())
        return
    options.say(f"{finding.verdict} ({finding.reason}): {words['en'] if valid else finding.reason.en}")
    shown = finding.certificate
    if shown and not shown.restricted:
        options.say(f"{shown.number}  {shown.holder}  {shown.agency}")


def _address(current: Settings, source: str | None) -> str:
    """Give the address that codes lead to: ours as set, else the one that the trust list came from."""
    if source is not None and not current.is_address_known and is_url(source):
        return source.rstrip("/")
    return current.address
