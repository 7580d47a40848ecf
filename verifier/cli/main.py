"""The `liangzheng` command: exit 0 on success, 2 on wrong usage, 1 otherwise; errors are one line."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Final

import typer

from verifier.certificate.errors import LiangzhengError

COMMANDS: Final = {
    "demo": "demo:demo",
    "serve": "serve:serve",
    "keys": "keyring:app",
    "clients": "clients:app",
    "webhooks": "webhooks:app",
    "import": "tables:import_table",
    "export": "exporting:export",
    "issue": "certificates:issue",
    "suspend": "events:suspend",
    "reinstate": "events:reinstate",
    "withdraw": "events:withdraw",
    "cancel": "events:cancel",
    "lose": "events:lose",
    "replace": "events:replace",
    "review": "events:review",
    "take-back": "events:take_back",
    "destroy": "events:destroy",
    "show": "certificates:show",
    "code": "certificates:code",
    "card": "cards:card",
    "check": "checking:check_code",
    "due": "due:list_due",
    "status-lists": "status_lists:publish_status_lists",
    "audit": "audit:audit_register",
}
"""Where each command is. A command loads its own module alone: loading all takes longer than most of them."""


def build(names: Iterable[str]) -> typer.Typer:
    """Put commands together."""
    app = typer.Typer(
        name="liangzheng",
        help="亮证: sign and verify administrative-enforcement certificates as QR codes.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # else Typer takes a single command for the whole program
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(f"verifier.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main() -> None:
    """Run the command that was asked for."""
    if not all(argument.isascii() or _is_text(argument) for argument in sys.argv):
        _fail("an argument is not UTF-8", 2)
    try:
        asked = sys.argv[1] if len(sys.argv) > 1 else ""
        app = build([asked] if asked in COMMANDS else COMMANDS)
        result = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except typer.TyperException as error:
        _fail(error.format_message(), error.exit_code)
    except typer.Abort:
        _fail("stopped", 1)
    except LiangzhengError as error:
        _fail(str(error), 1)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    sys.exit(result if isinstance(result, int) else 0)


def _is_text(argument: str) -> bool:
    """Tell text from the stand-ins that Python puts for bytes that are none."""
    return not any("\ud800" <= character <= "\udfff" for character in argument)


def _fail(message: str, status: int) -> None:
    sys.stderr.write(f"liangzheng: {' '.join(message.split())}\n")
    sys.exit(status)
