"""Status indices: unpredictable, never given out twice, and filling their lists densely.

A list's order is drawn once, at random, and kept; indices are handed out along it. So an index tells
nothing about how many certificates there are or which was issued when.
"""

import array
import secrets
import sys
from typing import Final

from sqlalchemy import Connection, func, select, update

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import StatusReference
from verifier.register import tables

LIST_SIZE: Final = 1 << 17
"""Entries of a status list: 2.4 KB as a compressed Token Status List."""
_WIDTH: Final = 4


class ListsFullError(LiangzhengError, RuntimeError):
    """No further status list may be opened."""


def give_out(connection: Connection, count: int) -> list[StatusReference]:
    """Give out indices.

    Args:
        connection: the one writer's.
        count: how many.

    Returns:
        Fresh references, in no order that anyone could foresee.

    Raises:
        ListsFullError: the bound on lists is reached.
    """
    given: list[StatusReference] = []
    while len(given) < count:
        number, start, free = _current_list(connection)
        take = min(free, count - len(given))
        given += [StatusReference(number, index) for index in _drawn(connection, number, start, take)]
        connection.execute(
            update(tables.status_list).where(tables.status_list.c.number == number).values(given=start + take)
        )
    return given


def _current_list(connection: Connection) -> tuple[int, int, int]:
    """Give number, count given out, and count free of the list that is being filled; open one if needed."""
    lists = tables.status_list.c
    newest = connection.execute(
        select(lists.number, lists.size, lists.given).order_by(lists.number.desc()).limit(1)
    ).first()
    if newest is not None and newest.given < newest.size:
        return newest.number, newest.given, newest.size - newest.given
    number = 0 if newest is None else newest.number + 1
    if number >= BOUNDS.status_lists:
        raise ListsFullError("all status lists are full")
    order = array.array("I", range(LIST_SIZE))
    secrets.SystemRandom().shuffle(order)
    if sys.byteorder == "big":
        order.byteswap()
    connection.execute(
        tables.status_list.insert().values(
            number=number, size=LIST_SIZE, given=0, permutation=order.tobytes()
        )
    )
    return number, 0, LIST_SIZE


def _drawn(connection: Connection, number: int, start: int, count: int) -> list[int]:
    column = tables.status_list.c.permutation
    packed = connection.execute(
        select(func.substr(column, start * _WIDTH + 1, count * _WIDTH)).where(
            tables.status_list.c.number == number
        )
    ).scalar_one()
    return [int.from_bytes(packed[at : at + _WIDTH], "little") for at in range(0, count * _WIDTH, _WIDTH)]
