"""Where a certificate holds: the areas that certificates name as free text, and whether two of them meet.

A text that is in no list (a township, a street, several areas at once) is unknown, and is never judged.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import product
from typing import Final, NamedTuple

from verifier.certificate.jurisdictions import lies_within
from verifier.certificate.texts import tidy

_KINDS: Final = ("自治州", "自治县", "自治旗", "地区", "联合旗", "矿区", "市", "县", "区", "旗", "盟")
_PEOPLES: Final = (
    "维吾尔", "哈萨克", "柯尔克孜", "塔吉克", "蒙古", "回族", "锡伯", "达斡尔族",
)  # fmt: skip
_SHORTEST: Final = 2
"""Characters of a name without its kind: 新市区 may be called 新市, but 乡 names nothing."""


class _Areas(NamedTuple):
    codes: Mapping[tuple[str, str], str]
    """By region (two digits) and by name, in each way of writing it; a name of several areas is in none."""
    part_of: Mapping[str, str]
    endings: tuple[str, ...]
    """What may be said after a name, the longest first."""


def area_of(text: str, region: str) -> str | None:
    """Find the area that a certificate names.

    Args:
        text: as the certificate has it, e.g. `全疆`, `奈曼旗境内`, `内蒙古通辽市奈曼旗`.
        region: GB/T 2260 of the issuer; the first two digits count.

    Returns:
        The GB/T 2260 code. Of areas that share a short name, the one that holds the others (喀什: the
        prefecture, not its city), so that no officer is said to be outside for want of a word. None: unknown.
    """
    areas, stated = _areas(), tidy(text)
    bare = (stated.removesuffix(ending) for ending in areas.endings if stated.endswith(ending))
    codes = (areas.codes.get((region[:2], name)) for name in (stated, *bare))
    return next(filter(None, codes), None)


def meet(area: str | None, other: str | None) -> bool | None:
    """Tell whether two areas have ground in common.

    Args:
        area: GB/T 2260 code; None: unknown.
        other: likewise.

    Returns:
        True if one is the other or lies within it, False if not, None if that cannot be told.
    """
    if area is None or other is None:
        return None
    return lies_in(area, other) or lies_in(other, area)


def lies_in(area: str, outer: str) -> bool:
    """Tell whether an area is another one or part of it; also where codes do not tell (塔城 in 伊犁州)."""
    upper = _areas().part_of.get(area[:4] + "00")
    return lies_within(area, outer) or (upper is not None and lies_within(upper, outer))


@cache
def _areas() -> _Areas:
    data = resources.files(__package__).joinpath("areas.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(data)
    names: Mapping[str, str] = tables["names"]
    part_of: Mapping[str, str] = tables["part_of"]
    own = {code: _own_names(name, tables["also"].get(code, ())) for code, name in names.items()}
    called: dict[tuple[str, str], list[str]] = {}
    for code in names:
        for written in _ways_of_writing(code, own, part_of):
            called.setdefault((code[:2], written), []).append(code)
    found = {key: _widest(codes) for key, codes in called.items()}
    return _Areas(
        codes={key: code for key, code in found.items() if code},
        part_of=part_of,
        endings=tuple(sorted(tables["endings"], key=len, reverse=True)),
    )


def _own_names(name: str, also: tuple[str, ...]) -> frozenset[str]:
    return frozenset((name, _short(name), *also))


def _short(name: str) -> str:
    """Give 昌吉 for 昌吉回族自治州, and the name itself where too little would be left."""
    kind = next((kind for kind in _KINDS if name.endswith(kind)), "")
    bare = name.removesuffix(kind)
    if kind.startswith("自治"):
        while people := next((people for people in _PEOPLES if bare.endswith(people)), None):
            bare = bare.removesuffix(people)
    return bare if len(bare) >= _SHORTEST else name


def _ways_of_writing(
    code: str, own: Mapping[str, frozenset[str]], part_of: Mapping[str, str]
) -> Iterator[str]:
    """Give the names of an area alone, and behind those of any of the areas around it, the widest first."""
    region, prefecture = code[:2] + "0000", code[:4] + "00"
    around = dict.fromkeys((region, part_of.get(prefecture), prefecture))
    before = (own.get(outer, frozenset()) | {""} for outer in around if outer and outer != code)
    return map("".join, product(*before, own[code]))


def _widest(codes: list[str]) -> str | None:
    return next((code for code in codes if all(lies_within(each, code) for each in codes)), None)
