"""Every bound of the code format, with its unit (docs/code-format.md, "Bounds")."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest of everything that a code may carry."""

    text_characters: int = 120
    """Each text of the certificate, in Unicode code points."""
    number_characters: int = 32
    """A certificate number, in characters."""
    categories: int = 8
    """Enforcement categories of one certificate."""
    code_bytes: int = 424
    """The signed code, in bytes."""
    code_digits: int = 1_024
    """The same as decimal digits."""
    text_input_characters: int = 2_048
    """A scanned text, in characters; a longer one is not looked at."""
    qr_version: int = 14
    """The largest QR symbol that may be issued (73 x 73 modules)."""
    status_lists: int = 1_024
    """Status lists that one service may open."""
    status_list_entries: int = 1 << 22
    """Entries of one status list."""
    seconds: int = 253_402_272_000
    """Times are seconds since 1970, below the year 10000 in Beijing."""


BOUNDS = Bounds()
