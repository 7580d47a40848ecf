"""Fixtures: the demo's data, made once by the real command and copied for each test that changes it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Server, serving, succeed


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
