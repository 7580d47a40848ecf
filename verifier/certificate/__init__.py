"""What a certificate and its code are. Pure: bytes in, value or error out; no I/O, no clock.

From the inside out: `model` (the facts) → `claims` (CBOR) → `cose` (signed) → `code` (digits, URL) → `qr`.
Beside them `verdicts` (what an answer can be) and `lifecycle` with its `jurisdictions` (the rules as data).
"""
