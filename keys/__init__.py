"""Everything about keys. `trust` is the public half, and all that a verifier needs; the rest signs."""
