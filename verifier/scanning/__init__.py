"""The citizens' side: a scan comes in, an answer goes out. It holds public keys only, and no SQL."""
