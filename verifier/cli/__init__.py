"""The command line, `liangzheng …`: it puts the parts together, and holds no rules of its own."""
