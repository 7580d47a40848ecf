"""The system of record: certificates, their codes, and the append-only chain of what happened to them."""
