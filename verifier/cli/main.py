"""The `liangzheng` command: exit 0 on success, 2 on wrong usage, 1 otherwise; errors are one line."""

import gc
import sys

import typer

from verifier.certificate.errors import LiangzhengError
from verifier.cli import (
    audit,
    cards,
    certificates,
    checking,
    clients,
    demo,
    due,
    events,
    exporting,
    keyring,
    serve,
    tables,
    webhooks,
)

app = typer.Typer(
    name="liangzheng",
    help="亮证: sign and verify administrative-enforcement certificates as QR codes.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(keyring.app, name="keys")
app.add_typer(clients.app, name="clients")
app.add_typer(webhooks.app, name="webhooks")
app.command("import")(tables.import_table)
app.command("export")(exporting.export)
app.command("issue")(certificates.issue)
app.command("suspend")(events.suspend)
app.command("reinstate")(events.reinstate)
app.command("withdraw")(events.withdraw)
app.command("cancel")(events.cancel)
app.command("lose")(events.lose)
app.command("replace")(events.replace)
app.command("review")(events.review)
app.command("take-back")(events.take_back)
app.command("destroy")(events.destroy)
app.command("show")(certificates.show)
app.command("code")(certificates.code)
app.command("card")(cards.card)
app.command("check")(checking.check_code)
app.command("due")(due.list_due)
app.command("audit")(audit.audit_register)


def main() -> None:
    """Run the command that was asked for."""
    # What was imported stays; without this, a table of 100,000 rows has it searched for garbage again and
    # again, for a seventh of its whole time.
    gc.freeze()
    if not all(argument.isascii() or _is_text(argument) for argument in sys.argv):
        _fail("an argument is not UTF-8", 2)
    try:
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
