"""The `liangzheng` command."""


def main() -> None:
    """Run it."""
