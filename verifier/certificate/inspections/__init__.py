"""One TOML file a document: what it says of officers who come together (`together`)."""
