"""The agencies' API on a register with a tree of authorities, made through the production path alone."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from keys.trust import Purpose
from tests.office import BASE_URL
from verifier.cli.issuing import issuing_app
from verifier.cli.office import Office, seconds_now
from verifier.register import authorities, clients
from verifier.settings import Settings

TREE = """
[[issuers]]
code = "150000"
name = "内蒙古自治区司法厅"
area = "150000"
complaint = { body = "内蒙古自治区司法厅行政执法监督处" }
[[issuers]]
code = "150500"
name = "通辽市司法局"
area = "150500"
level = "prefecture"
complaint = { body = "通辽市司法局" }
[[issuers]]
code = "150525"
name = "奈曼旗司法局"
area = "150525"
level = "county"
complaint = { body = "奈曼旗司法局" }
[[issuers]]
code = "650000"
name = "新疆维吾尔自治区司法厅"
area = "650000"
complaint = { body = "新疆维吾尔自治区司法厅行政执法监督处" }
[[issuers]]
code = "652300"
name = "昌吉回族自治州司法局"
area = "652300"
level = "prefecture"
complaint = { body = "昌吉回族自治州司法局" }
[[issuers]]
code = "652301"
name = "昌吉市司法局"
area = "652301"
level = "county"
complaint = { body = "昌吉市司法局" }
[[issuers]]
code = "653100"
name = "喀什地区司法局"
area = "653100"
level = "prefecture"
complaint = { body = "喀什地区司法局" }

[[agencies]]
issuer = "150000"
name = "奈曼旗应急管理局"
area = "150525"
complaint = { body = "奈曼旗司法局" }
[[agencies]]
issuer = "150000"
name = "奈曼旗农牧局"
area = "150525"
complaint = { body = "奈曼旗司法局" }
[[agencies]]
issuer = "650000"
name = "新疆维吾尔自治区应急管理厅"
complaint = { body = "新疆维吾尔自治区应急管理厅政策法规处" }
[[agencies]]
issuer = "650000"
name = "新疆维吾尔自治区机关事务管理局"
complaint = { body = "新疆维吾尔自治区机关事务管理局政策法规处" }
[[agencies]]
issuer = "652301"
name = "昌吉市司法局"
complaint = { body = "昌吉市司法局" }
[[agencies]]
issuer = "652300"
name = "昌吉市农业农村局"
area = "652301"
complaint = { body = "昌吉市司法局" }
"""
KEYS = ("150000", "650000", "652300", "652301", "653100")
ROLES = {
    "im": ("150000", None),
    "tongliao": ("150500", None),
    "naiman": ("150525", None),
    "naiman-agency": ("150000", "奈曼旗应急管理局"),
    "naiman-farming": ("150000", "奈曼旗农牧局"),
    "xj": ("650000", None),
    "xj-em": ("650000", "新疆维吾尔自治区应急管理厅"),
    "xj-ggj": ("650000", "新疆维吾尔自治区机关事务管理局"),
    "changji": ("652300", None),
    "changji-city": ("652301", None),
    "changji-agency": ("652300", "昌吉市农业农村局"),
    "kashi": ("653100", None),
}
"""Who acts: the authority, and the agency under it."""


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A register with authorities, agencies and keys, and a token for each role. Not to be changed."""
    directory = tmp_path_factory.mktemp("tree")
    office, now = Office(Settings(data_dir=directory, base_url=BASE_URL), create=True), seconds_now()
    office.custody.create()
    office.ring.create(Purpose.STATUS, now=now)
    for issuer in KEYS:
        office.ring.create(Purpose.CERTIFICATE, now=now, issuer=issuer)
    office.publish_trust(now, authorities.parse(TREE.encode()))
    tokens = {}
    with office.database.writing() as connection:
        for role, (authority, agency) in ROLES.items():
            _, tokens[role] = clients.create(
                connection,
                name=role,
                authority=authority,
                agency=agency,
                actions=clients.ACTIONS,
                expires=now + 30 * 366 * 86_400,
                now=now,
            )
    office.database.close()
    return directory, tokens


@dataclass
class Api:
    """The app in this process, with its real register."""

    client: TestClient
    office: Office
    tokens: dict[str, str]
    clock: list[float] = field(default_factory=list)
    keys: "count[int]" = field(default_factory=count)

    def post(
        self, role: str, path: str, body: Any = None, *, key: str | None = None, if_match: str | None = "*"
    ) -> httpx.Response:
        headers = {"idempotency-key": key or f"key-{next(self.keys)}"} | self.headers(role)
        if if_match is not None:
            headers["if-match"] = if_match
        return self.client.post(path, json=body if body is not None else {}, headers=headers)

    def get(self, role: str, path: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers(role))

    def headers(self, role: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.get(role, role)}"}

    def issue(self, role: str = "im", **changes: Any) -> dict[str, Any]:
        """Issue a certificate that must be issued."""
        reply = self.post(role, "/certificates", wanted(role, **changes))
        assert reply.status_code == 201, reply.text
        content: dict[str, Any] = reply.json()
        return content


AGENCIES = {
    "im": ("奈曼旗应急管理局", "应急管理", "奈曼旗"),
    "xj": ("新疆维吾尔自治区机关事务管理局", "机关事务管理", "全疆"),
    "changji": ("昌吉市农业农村局", "农牧业", "昌吉市"),
}


def wanted(role: str = "im", **changes: Any) -> dict[str, Any]:
    """A certificate that the role may issue."""
    agency, category, area = AGENCIES[role]
    facts = {
        "number": "05505230901",
        "holder": "于丽",
        "agency": agency,
        "categories": [category],
        "area": area,
    }
    return facts | changes


@pytest.fixture
def api(tree: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Api]:
    """A copy of the register, to be changed at will, with the app on it."""
    directory = tmp_path / "tree"
    shutil.copytree(tree[0], directory)
    office = Office(Settings(data_dir=directory, base_url=BASE_URL))
    clock = [time.time()]
    with TestClient(issuing_app(office, lambda: clock[0]), raise_server_exceptions=False) as client:
        yield Api(client, office, tree[1], clock)
