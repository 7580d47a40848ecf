"""Files that must never be half-written."""

from pathlib import Path

import pytest

from keys.files import KeyFileError, write_private, write_whole


def test_a_secret_below_a_file_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KeyFileError):
        write_private(tmp_path / "file" / "key.pem", b"secret")


def test_nothing_is_left_of_a_write_that_was_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "key.pem", b"first")
    with pytest.raises(KeyFileError, match="exists already"):
        write_private(tmp_path / "key.pem", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]
    assert (tmp_path / "key.pem").read_bytes() == b"first"


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "list"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["list"]
