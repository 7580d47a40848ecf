"""What kinds and powers are called, for citizens and on cards: Chinese first."""

from collections.abc import Mapping
from typing import Final

from verifier.certificate.dates import day_of, iso, start_of_day
from verifier.certificate.jurisdictions import Words
from verifier.certificate.model import Kind, Powers

KINDS: Final[Mapping[Kind, Words]] = {
    Kind.ENFORCEMENT: Words(zh="行政执法证", en="Enforcement certificate"),
    Kind.SUPERVISION: Words(zh="行政执法监督证", en="Supervision certificate"),
    Kind.MINISTRY: Words(zh="国务院部门制发证件", en="Ministry certificate, filed with the region"),
}
POWERS: Final[Mapping[Powers, Words | None]] = {
    Powers.ALL: None,
    Powers.ENTRUSTED: Words(
        zh="受委托单位：只能在委托范围内执法，不得查封、扣押或采取规定所列的其他行政强制措施",
        en="Entrusted unit: only what is entrusted; no sealing, seizing or other listed coercive measures",
    ),
    Powers.TOWNSHIP: Words(
        zh="乡镇（街道）人员：只能进行行政检查，以及按简易程序作出行政处罚",
        en="Township or sub-district staff: inspections, and penalties by the simple procedure, only",
    ),
}
_ISSUED_BY: Final = Words(zh="发证机关", en="Issuer")
_FILED_WITH: Final = Words(zh="备案机关", en="Filed with")


def issuer_label(kind: Kind) -> Words:
    """Say what the signing authority did: a ministry's certificate is only filed with it."""
    return _FILED_WITH if kind is Kind.MINISTRY else _ISSUED_BY


def last_day(valid_until: int) -> int | None:
    """Give the first second of the last day that still holds, None if the validity ends within a day.

    `valid_until` is the first second that no longer holds; people count by the last day that does.
    """
    return start_of_day(day_of(valid_until - 1)) if valid_until == start_of_day(day_of(valid_until)) else None


def validity(valid_from: int, valid_until: int) -> str:
    """Write a validity for print: its first and last days, or instants where it ends within a day."""
    last = last_day(valid_until)
    if last is None:
        return f"{_day_or_moment(valid_from)} 至 {_moment(valid_until)}（不含）"
    return f"{_day_or_moment(valid_from)} 至 {day_of(last)}"


def _day_or_moment(seconds: int) -> str:
    day = day_of(seconds)
    return str(day) if seconds == start_of_day(day) else _moment(seconds)


def _moment(seconds: int) -> str:
    return iso(seconds)[:19].replace("T", " ")
