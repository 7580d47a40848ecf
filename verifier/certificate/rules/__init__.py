"""One TOML file a jurisdiction: the values of its regulation, each with its article."""
