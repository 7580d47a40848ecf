"""The whole life of certificates in each jurisdiction, as data: what is asked for, by whom, and what comes.

`test_life` walks it over the API, scanning the code after each step; the table of docs/lifecycle.md is
written from the same walk (`make lifecycle`).
"""

from dataclasses import dataclass, field
from typing import Any, Final

YEAR: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is asked for."""

    event: str
    who: str
    """A role of tests/api/conftest.py; `-` where time alone passes."""
    says: str
    """What it is, for the table."""
    after: str
    """The verdict and reason of a scan of the code that was in force before; `issued` scans the new one."""
    new: str | None = None
    """The same of the code that came with the step."""
    body: dict[str, Any] = field(default_factory=dict)
    later: int = 0
    """Days that pass before."""
    refused: str | None = None
    """The rule that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One certificate and those that come in its place."""

    title: str
    rules: str
    """The key of the jurisdiction."""
    issuer: str
    """The role that issues."""
    number: str
    steps: tuple[Step, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    proposed_by: str | None = None
    reviewed_by: tuple[str, ...] = ()


VALID, SUSPENDED, EXPIRED = "valid", "suspended", "expired"
WITHDRAWN, CANCELLED, LOST, REPLACED = (
    f"revoked: {reason}" for reason in ("withdrawn", "cancelled", "lost", "replaced")
)

INNER_MONGOLIA: Final = (
    Story(
        title="Proposed, reviewed level by level, replaced, lost, reissued, renewed, expired",
        rules="IM-2023",
        issuer="im",
        number="05505230901",
        proposed_by="naiman-agency",
        reviewed_by=("naiman", "tongliao", "im"),
        steps=(
            Step(
                event="replace",
                who="im",
                says="stated facts changed",
                body={"reason": "facts", "area": "通辽市"},
                after=REPLACED,
                new=VALID,
                later=1,
            ),
            Step(
                event="replace",
                who="im",
                says="transfer, at the new agency's request",
                body={"reason": "transfer", "agency": "奈曼旗农牧局"},
                after=REPLACED,
                new=VALID,
                later=1,
            ),
            Step(
                event="lose",
                who="naiman-farming",
                says="reported lost",
                body={"reason": "lost"},
                after=LOST,
                later=1,
            ),
            Step(
                event="reissue",
                who="im",
                says="before the notice has run 30 days",
                after=LOST,
                refused="IM-2023 Art 19",
                later=29,
            ),
            Step(event="reissue", who="im", says="after the notice", after=LOST, new=VALID, later=1),
            Step(
                event="replace",
                who="im",
                says="renewal before its window",
                body={"reason": "renewal"},
                after=VALID,
                refused="IM-2023 Art 17",
                later=1,
            ),
            Step(
                event="replace",
                who="im",
                says="renewal within 3 months before the end",
                body={"reason": "renewal"},
                after=REPLACED,
                new=VALID,
                later=5 * 365 + 270,
            ),
            Step(event="-", who="-", says="six years pass", after=EXPIRED, later=6 * YEAR),
            Step(
                event="replace",
                who="im",
                says="too late to renew",
                body={"reason": "renewal"},
                after=EXPIRED,
                refused="IM-2023 Art 17",
            ),
            Step(
                event="cancel",
                who="im",
                says="because it has expired",
                body={"reason": "expired"},
                after=EXPIRED,
            ),
            Step(event="destroy", who="im", says="the card", after=EXPIRED),
        ),
    ),
    Story(
        title="Withdrawn, reviewed and restored; cancelled, reviewed and upheld",
        rules="IM-2023",
        issuer="im",
        number="05505230902",
        steps=(
            Step(
                event="suspend",
                who="im",
                says="the document knows no suspension",
                after=VALID,
                refused="IM-2023",
                later=1,
            ),
            Step(
                event="withdraw",
                who="naiman-agency",
                says="not for an agency",
                body={"reason": "fraud"},
                after=VALID,
                refused="IM-2023 Art 21",
            ),
            Step(
                event="withdraw",
                who="im",
                says="obtained by fraud",
                body={"reason": "fraud"},
                after=WITHDRAWN,
            ),
            Step(
                event="ask-review", who="naiman-agency", says="the holder objects", after=WITHDRAWN, later=29
            ),
            Step(event="reverse", who="im", says="the review restores", after=VALID, later=1),
            Step(
                event="cancel", who="im", says="retired", body={"reason": "retired"}, after=CANCELLED, later=1
            ),
            Step(
                event="ask-review",
                who="naiman-agency",
                says="after 30 days",
                after=CANCELLED,
                refused="IM-2023 Art 24",
                later=30,
            ),
            Step(event="return", who="naiman-agency", says="the card is taken back", after=CANCELLED),
            Step(event="destroy", who="naiman", says="the card is destroyed", after=CANCELLED),
            Step(event="destroy", who="im", says="once only", after=CANCELLED, refused="IM-2023 Art 23"),
        ),
    ),
    Story(
        title="Cancelled, reviewed and upheld",
        rules="IM-2023",
        issuer="im",
        number="05505230903",
        steps=(
            Step(
                event="cancel",
                who="im",
                says="dismissed",
                body={"reason": "dismissed"},
                after=CANCELLED,
                later=1,
            ),
            Step(event="ask-review", who="im", says="the holder objects", after=CANCELLED),
            Step(event="uphold", who="im", says="the review upholds", after=CANCELLED, later=1),
            Step(event="ask-review", who="im", says="once only", after=CANCELLED, refused="IM-2023 Art 24"),
        ),
    ),
    Story(
        title="A supervision certificate; made restricted",
        rules="IM-2023",
        issuer="im",
        number="05505230904",
        facts={"kind": "supervision"},
        steps=(
            Step(
                event="replace",
                who="im",
                says="made restricted: the code states no person and no post",
                body={"reason": "restricted", "restricted": True},
                after=REPLACED,
                new=VALID,
                later=1,
            ),
            Step(event="lose", who="im", says="reported lost", body={"reason": "lost"}, after=LOST),
            Step(
                event="withdraw",
                who="im",
                says="even what is lost",
                body={"reason": "fraud"},
                after=WITHDRAWN,
            ),
        ),
    ),
    Story(
        title="A ministry's certificate, filed with the region",
        rules="IM-2023",
        issuer="im",
        number="GY-2026-0815",
        facts={"kind": "ministry", "valid_until": "2099-01-01"},
        steps=(
            Step(event="cancel", who="im", says="moved", body={"reason": "moved"}, after=CANCELLED, later=1),
        ),
    ),
)
XINJIANG: Final = (
    Story(
        title="Decided by the prefecture; suspended twice, replaced, lost, reissued, renewed",
        rules="XJ-2022",
        issuer="changji",
        number="31000036001",
        proposed_by="changji-agency",
        reviewed_by=("changji-city", "changji"),
        steps=(
            Step(
                event="suspend",
                who="changji-agency",
                says="by the agency, lent",
                body={"reason": "lent"},
                after=SUSPENDED,
                later=1,
            ),
            Step(
                event="replace",
                who="changji",
                says="no way around a suspension",
                body={"reason": "damage"},
                after=SUSPENDED,
                refused="XJ-2022 Art 15",
            ),
            Step(event="reinstate", who="changji-agency", says="ended early", after=VALID, later=1),
            Step(
                event="suspend",
                who="changji-city",
                says="by the county's justice department",
                body={"reason": "procedure"},
                after=SUSPENDED,
            ),
            Step(event="-", who="-", says="three months pass", after=VALID, later=93),
            Step(
                event="replace",
                who="changji",
                says="a transfer is no replacement here",
                body={"reason": "transfer"},
                after=VALID,
                refused="XJ-2022",
            ),
            Step(
                event="replace",
                who="changji",
                says="damaged",
                body={"reason": "damage"},
                after=REPLACED,
                new=VALID,
            ),
            Step(
                event="lose",
                who="changji-agency",
                says="reported lost",
                body={"reason": "lost"},
                after=LOST,
                later=1,
            ),
            Step(event="reissue", who="changji", says="no wait is given", after=LOST, new=VALID),
            Step(
                event="replace",
                who="changji",
                says="renewal within 3 months before the end",
                body={"reason": "renewal"},
                after=REPLACED,
                new=VALID,
                later=5 * 365 - 150,
            ),
            Step(
                event="cancel",
                who="changji",
                says="moved: the new agency applies anew",
                body={"reason": "moved"},
                after=CANCELLED,
            ),
            Step(
                event="ask-review",
                who="changji-agency",
                says="the document knows no review",
                after=CANCELLED,
                refused="XJ-2022",
            ),
            Step(event="return", who="changji-agency", says="the card goes to the issuer", after=CANCELLED),
            Step(
                event="destroy",
                who="changji",
                says="the document knows no destruction",
                after=CANCELLED,
                refused="XJ-2022",
            ),
        ),
    ),
    Story(
        title="Of a region's agency: withdrawn",
        rules="XJ-2022",
        issuer="xj",
        number="31000036002",
        steps=(
            Step(
                event="cancel",
                who="xj-ggj",
                says="not for an agency",
                body={"reason": "left"},
                after=VALID,
                refused="XJ-2022 Art 17",
                later=1,
            ),
            Step(
                event="withdraw",
                who="xj",
                says="issued to a person who does not qualify",
                body={"reason": "unqualified"},
                after=WITHDRAWN,
            ),
        ),
    ),
    Story(
        title="Five years pass",
        rules="XJ-2022",
        issuer="xj",
        number="31000036003",
        steps=(
            Step(event="-", who="-", says="five years pass", after=EXPIRED, later=5 * YEAR),
            Step(
                event="cancel",
                who="xj",
                says="because it has expired",
                body={"reason": "expired"},
                after=EXPIRED,
            ),
        ),
    ),
)
EMERGENCY: Final = (
    Story(
        title="Of the emergency-management system: its own reasons, the region's lengths",
        rules="XJ-EM-2020",
        issuer="xj",
        number="31000036004",
        facts={"agency": "新疆维吾尔自治区应急管理厅", "categories": ["应急管理"]},
        steps=(
            Step(
                event="suspend",
                who="xj-em",
                says="no reason of this system",
                body={"reason": "procedure"},
                after=VALID,
                refused="XJ-EM-2020",
                later=1,
            ),
            Step(event="suspend", who="xj-em", says="altered", body={"reason": "altered"}, after=SUSPENDED),
            Step(event="-", who="-", says="three months pass", after=VALID, later=93),
            Step(
                event="suspend",
                who="xj",
                says="used for private gain",
                body={"reason": "private_gain"},
                after=SUSPENDED,
            ),
            Step(
                event="cancel",
                who="xj",
                says="disqualified",
                body={"reason": "disqualified"},
                after=CANCELLED,
                later=1,
            ),
        ),
    ),
)
STORIES: Final = (*INNER_MONGOLIA, *XINJIANG, *EMERGENCY)
