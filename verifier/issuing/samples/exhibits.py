"""What the demo shows beside the two rosters: a certificate in each other state, and codes that are no good.

Times are days from now, so that each state shows whenever the demo is set up.
"""

from dataclasses import dataclass, replace
from typing import Final

from verifier.certificate import claims, cose
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import Certificate, Kind, Powers, StatusReference

DAY: Final = 86_400
XINJIANG: Final = "650000"
INNER_MONGOLIA: Final = "150000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A certificate of the demo and what happened to it."""

    shows: str
    number: str
    holder: str | None
    issuer: str = XINJIANG
    agency: str | None = "新疆维吾尔自治区机关事务管理局"
    category: str | None = "机关事务管理"
    area: str | None = "全疆"
    kind: Kind = Kind.ENFORCEMENT
    powers: Powers = Powers.ALL
    restricted: bool = False
    from_day: int = -200
    events: tuple[tuple[int, Event, str], ...] = ()
    """Day, what happened, and the reason code."""


EXHIBITS: Final = (
    Exhibit(
        shows="suspended",
        number="31000099101",
        holder="赵清和",
        events=((-1, Event.SUSPENDED, "procedure"),),
    ),
    Exhibit(
        shows="suspension-ended",
        number="31000099102",
        holder="阿依古丽·买买提",
        events=((-120, Event.SUSPENDED, "lent"),),
    ),
    Exhibit(
        shows="reinstated",
        number="31000099103",
        holder="钱志远",
        events=((-20, Event.SUSPENDED, "rough"), (-2, Event.REINSTATED, "other")),
    ),
    Exhibit(
        shows="cancelled",
        number="31000099104",
        holder="孙文博",
        events=((-3, Event.CANCELLED, "retired"),),
    ),
    Exhibit(
        shows="lost",
        number="31000099105",
        holder="李春生",
        events=((-4, Event.LOST, "lost"),),
    ),
    Exhibit(shows="expired", number="31000099106", holder="周建国", from_day=-2_000),
    Exhibit(shows="not-yet-valid", number="31000099107", holder="吴晓梅", from_day=30),
    Exhibit(
        shows="restricted",
        number="31000099108",
        holder=None,
        agency=None,
        category=None,
        area=None,
        restricted=True,
    ),
    Exhibit(
        shows="withdrawn",
        number="05505239901",
        holder="郑海涛",
        issuer=INNER_MONGOLIA,
        agency="奈曼旗市场监督管理局",
        category="市场监督管理",
        area="奈曼旗",
        events=((-5, Event.WITHDRAWN, "fraud"),),
    ),
    Exhibit(
        shows="township",
        number="05505239902",
        holder="乌兰图雅",
        issuer=INNER_MONGOLIA,
        agency="大沁他拉镇人民政府",
        category="综合行政执法",
        area="大沁他拉镇",
        powers=Powers.TOWNSHIP,
    ),
    Exhibit(
        shows="supervision",
        number="05505239903",
        holder="王立新",
        issuer=INNER_MONGOLIA,
        agency="内蒙古自治区司法厅",
        category="行政执法监督",
        area="内蒙古自治区",
        kind=Kind.SUPERVISION,
    ),
)


def counterfeits(
    genuine: Certificate, signed: bytes, signer: cose.Signer, unused: StatusReference
) -> dict[str, bytes]:
    """Make codes that must not be believed.

    Args:
        genuine: a certificate in force.
        signed: its code.
        signer: the issuer's own key, as a thief would have it.
        unused: an entry of the status lists that was never given out.

    Returns:
        By what each shows: one changed byte; a stolen key with an entry not in the register; a stolen key
        with the entry of another certificate.
    """
    changed = bytearray(signed)
    changed[-40] ^= 1
    unregistered = replace(genuine, status=unused)
    differing = replace(genuine, holder="冒名者")
    return {
        "forged": bytes(changed),
        "unregistered": cose.sign_code(claims.encode(unregistered), signer),
        "differs": cose.sign_code(claims.encode(differing), signer),
    }
