from collections.abc import Iterator

import pytest

from tests.records.client import Client
from verifier.cli.office import Office


@pytest.fixture
def client(office: Office) -> Iterator[Client]:
    with Client(office) as asking:
        yield asking
