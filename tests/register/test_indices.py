"""Status indices: unpredictable, never twice, dense."""

from itertools import pairwise

import pytest

from verifier.certificate.model import StatusReference
from verifier.cli.office import Office
from verifier.register import indices


def test_indices_are_never_given_out_twice_and_fill_a_list_before_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indices, "LIST_SIZE", 64)
    with office.database.writing() as connection:
        connection.exec_driver_sql("UPDATE status_list SET given = size")
        given: list[StatusReference] = []
        for count in (1, 60, 2, 3, 64, 100):
            given += indices.give_out(connection, count)
    assert len(set(given)) == len(given) == 230
    full = [reference for reference in given if reference.list in (1, 2, 3)]
    assert sorted(reference.index for reference in full) == sorted(list(range(64)) * 3)


def test_an_index_tells_nothing_about_the_next(office: Office) -> None:
    with office.database.writing() as connection:
        given = [reference.index for reference in indices.give_out(connection, 1_000)]
    steps = [after - before for before, after in pairwise(given)]
    assert len(set(steps)) > 900  # in an order that could be foreseen, steps repeat
    assert max(given) > indices.LIST_SIZE * 0.9  # spread over the whole list, not over its beginning
    assert min(given) < indices.LIST_SIZE * 0.1


def test_the_last_list_being_full_is_an_error_and_not_a_reuse(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indices, "LIST_SIZE", 8)
    with office.database.writing() as connection:
        connection.exec_driver_sql("UPDATE status_list SET given = size, number = 1023")
        with pytest.raises(indices.ListsFullError):
            indices.give_out(connection, 1)
