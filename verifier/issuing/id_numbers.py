"""ID numbers of citizens (GB 11643): form, birth date, check digit. No message repeats a number."""

import re
from collections.abc import Mapping
from datetime import date
from operator import mul
from typing import Final

from verifier.certificate.errors import LiangzhengError

_FORM: Final = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# ISO/IEC 7064 MOD 11-2. A byte of the text is its digit plus 48, which the sum carries along.
_CHECK: Final[Mapping[int, int]] = {
    remainder: ord("10X98765432"[(remainder - ord("0") * sum(_WEIGHTS)) % 11]) for remainder in range(11)
}


class InvalidIdNumberError(LiangzhengError, ValueError):
    """No ID number. The message says what is wrong and never repeats the number."""


def read_id_number(text: str) -> str:
    """Check an ID number.

    Args:
        text: 18 characters; the last may be `X` or `x`.

    Returns:
        The same in its normal form, with a capital `X`.

    Raises:
        InvalidIdNumberError: wrong form, no birth date, or a wrong check digit.
    """
    number = text.upper() if text[-1:] == "x" else text
    if not _FORM.fullmatch(number):
        raise InvalidIdNumberError("does not consist of 17 digits and a check digit")
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        # The error at hand would quote a part of the number.
        raise InvalidIdNumberError("has a birth date that is no date") from None
    digits = number.encode("ascii")
    if digits[17] != _CHECK[sum(map(mul, _WEIGHTS, digits)) % 11]:
        raise InvalidIdNumberError("has a wrong check digit")
    return number
