"""The notices as an Atom feed (RFC 4287), for readers and for the systems of other bodies."""

from typing import Final
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from verifier.certificate.dates import iso
from verifier.records.notices import KINDS, Notice, Notices

_ATOM: Final = "http://www.w3.org/2005/Atom"
_SINCE: Final = "2023-12-01"
"""The date of the tag URIs (RFC 4151): any on which the address was its owner's; fixed, so that ids stay."""


def render(page: Notices, *, address: str, following: str | None, now: int) -> bytes:
    """Write the feed.

    Args:
        page: the notices.
        address: our own.
        following: where the next page is (RFC 5005); None for the last.
        now: the time, for a feed without entries.

    Returns:
        XML in UTF-8.
    """
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-CN", "xml:base": f"{address}/"})
    host = urlsplit(address).hostname or "localhost"
    _text(feed, "id", f"tag:{host},{_SINCE}:notices")
    _text(feed, "title", "行政执法证件公告 Notices on enforcement certificates")
    _text(feed, "updated", iso(max((notice.published for notice in page.notices), default=now)))
    ET.SubElement(feed, "link", rel="self", type="application/atom+xml", href="/notices.atom")
    ET.SubElement(feed, "link", rel="alternate", type="text/html", href="/notices")
    if following is not None:
        ET.SubElement(feed, "link", rel="next", type="application/atom+xml", href=following)
    for notice in page.notices:
        _entry(feed, notice, host)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _entry(feed: ET.Element, notice: Notice, host: str) -> None:
    words = KINDS[notice.kind]
    entry = ET.SubElement(feed, "entry")
    _text(entry, "id", f"tag:{host},{_SINCE}:notice:{quote(notice.mark, safe=',')}")
    _text(entry, "title", f"{words.zh}：{notice.number}　{words.en}")
    _text(entry, "updated", iso(notice.published))
    _text(entry, "published", iso(notice.published))
    _text(ET.SubElement(entry, "author"), "name", notice.issuer_name)
    ET.SubElement(entry, "category", term=notice.kind, label=words.zh)
    facts = [
        ("执法证编号", notice.number),
        ("持证人", notice.name),
        ("执法机关", notice.agency),
        ("执法类别", "、".join(notice.categories)),
    ]
    _text(entry, "content", "；".join(f"{label}：{value}" for label, value in facts if value), type="text")


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = text
