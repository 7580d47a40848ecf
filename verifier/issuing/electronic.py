"""A certificate → its electronic form: one HTML file to show on a phone, which asks nothing of any server.

Invariants: it states what the code signs, and nothing else; it never says that it holds, because a file
cannot know: that is the scan's answer. An article is quoted only if it is in force.
"""

import base64
import hashlib
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from verifier.certificate import qr
from verifier.certificate.jurisdictions import Provision
from verifier.certificate.words import KINDS, POWERS, issuer_label, validity
from verifier.issuing.cards import Card

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("verifier.issuing"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    auto_reload=False,
)
_STYLE: Final = _ENVIRONMENT.get_template("electronic-style.html").render().strip()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; img-src data:; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'"
_PAGE: Final = _ENVIRONMENT.get_template("electronic.html")


def page(card: Card, *, equal_in_force: Provision | None) -> bytes:
    """Write the electronic certificate.

    Args:
        card: what a card would be made of.
        equal_in_force: the article of the issuer's jurisdiction by which it is as good as the card
            (IM-2023 Art 15); None where no article in force says so.

    Returns:
        HTML in UTF-8.
    """
    facts = card.certificate
    drawing = qr.symbol(card.code, card.base_url)
    photo = base64.b64encode(card.photo).decode() if card.photo is not None else None
    return _PAGE.render(
        style=Markup(_STYLE),  # noqa: S704 # our own text, and the hash is over just this
        policy=_POLICY,
        certificate=facts,
        kind=KINDS[facts.kind],
        powers=POWERS[facts.powers],
        validity=validity(facts.valid_from, facts.valid_until),
        issued=issuer_label(facts.kind),
        issuer=card.issuer,
        photo=photo,
        quiet=qr.QUIET_ZONE,
        side=len(drawing.matrix) + 2 * qr.QUIET_ZONE,
        path=qr.path(drawing),
        address=card.base_url.rstrip("/").lower(),
        equal_in_force=equal_in_force,
    ).encode()
