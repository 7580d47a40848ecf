"""Fixtures: data made once, through the production path alone, and copied for each test that changes it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from hypothesis import HealthCheck, settings

from keys.trust import Contact, Issuer, Purpose
from tests.keys.softhsm import SoftHsm, module
from tests.office import NOW, TESTER, order, terms
from tests.running import Server, serving, succeed
from verifier.cli.office import Office
from verifier.issuing.issuance import issue
from verifier.register import authorities
from verifier.settings import Settings

# How fast a shared machine draws examples says nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def demo_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data. Not to be changed by a test."""
    directory = tmp_path_factory.mktemp("demo") / "data"
    succeed(directory, "demo", "--no-serve")
    return directory


@pytest.fixture
def data_dir(demo_dir: Path, tmp_path: Path) -> Path:
    """The demo's data, to be changed at will."""
    directory = tmp_path / "data"
    shutil.copytree(demo_dir, directory)
    return directory


@pytest.fixture(scope="session")
def server(demo_dir: Path) -> Iterator[Server]:
    """A server on the demo's data. Not to be changed by a test."""
    with serving(demo_dir) as running:
        yield running


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with keys, two issuers, a published trust list, and three certificates."""
    directory = tmp_path_factory.mktemp("office")
    office = Office(Settings(data_dir=directory), create=True)
    office.custody.create()
    office.ring.create(Purpose.STATUS, now=NOW)
    complaint = Contact(body="执法监督处", phone="0991-0000000")
    issuers = [
        Issuer(code=code, name=name, area=code, complaint=complaint)
        for code, name in (("650000", "新疆维吾尔自治区司法厅"), ("150000", "内蒙古自治区司法厅"))
    ]
    with office.database.writing() as connection:
        authorities.enter(connection, authorities.Authorities(issuers=issuers))
    for issuer in issuers:
        office.ring.create(Purpose.CERTIFICATE, now=NOW, issuer=issuer.code)
    office.publish_trust(NOW)
    with office.ledger(NOW) as ledger:
        for code in ("650000", "150000"):
            issue(
                ledger,
                [order(f"3100000000{digit}") for digit in (range(1, 4) if code == "650000" else range(3, 5))],
                terms=terms(code),
                signer=office.certificate_signer(code),
                actor=TESTER,
                now=NOW,
            )
    office.database.close()
    return directory


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Iterator[Office]:
    """A copy of it, to be changed at will."""
    directory = tmp_path / "office"
    shutil.copytree(founded, directory)
    opened = Office(Settings(data_dir=directory), create=True)
    yield opened
    opened.database.close()


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    made = SoftHsm(tmp_path_factory.mktemp("softhsm"))
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(made.configuration)  # the library reads it in this process
    yield made
    pkcs11.unload(str(module()))
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before
