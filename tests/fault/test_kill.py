"""`kill -9` at any moment: what was acknowledged is there, nothing is half there, and the chains hold."""

import multiprocessing
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from keys.trust import TrustList
from loadtest.stock import AGENCY, write_roster
from tests.fault.work import BATCH, EACH, FIRST, NOW, XINJIANG, work
from tests.running import LIANGZHENG, environment, succeed
from verifier.certificate.lifecycle import State
from verifier.cli.office import Office
from verifier.register import tables
from verifier.register.audit import audit
from verifier.settings import Settings
from verifier.status.token_status_list import STATUS_OF, StatusType, open_token, uri_of

KILLS = 25


@pytest.mark.parametrize("run", range(4))
def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(
    data_dir: Path, tmp_path: Path, run: int
) -> None:
    chance = random.Random(run)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fault.work"])
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        notes = tmp_path / f"acknowledged-{kill}"
        process = context.Process(target=work, args=(data_dir, notes, run * KILLS + kill))
        process.start()
        _wait_for_notes(notes, chance.randrange(1, 12))
        time.sleep(chance.random() * 0.03)  # not for luck: any moment will do, and each run takes others
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        acknowledged.update(line for line in notes.read_text().split("\n")[:-1])
        _require_intact(data_dir, acknowledged)
    assert len(acknowledged) > KILLS


def _wait_for_notes(notes: Path, lines: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if notes.exists() and notes.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.001)
    raise AssertionError("the writer does not write")


def _require_intact(data_dir: Path, acknowledged: set[str]) -> None:
    office = Office(Settings(data_dir=data_dir))
    trust = office.trust()
    with office.database.reading() as connection:
        audit(connection, trust)
    _require_lists_that_agree(office, trust)
    with office.database.reading() as connection:
        happened = {
            (number, event)
            for number, event in connection.execute(
                select(tables.certificate.c.number, tables.event.c.event).join_from(
                    tables.certificate, tables.event, tables.event.c.certificate == tables.certificate.c.id
                )
            )
        }
    office.database.close()
    issued = {number for number, event in happened if event == "issued"}
    for line in acknowledged:
        what, number = line.split()
        if what == "import":
            assert all(str(int(number) + row) in issued for row in range(BATCH)), line
        else:
            assert (number, what) in happened, line
    # Each table of BATCH rows is there whole or not at all.
    ours = [int(number) - FIRST for number in issued if FIRST <= int(number) < FIRST + 100 * EACH]
    batches = {number // BATCH for number in ours}
    assert len(ours) == len(batches) * BATCH


def _require_lists_that_agree(office: Office, trust: TrustList) -> None:
    """Whatever was published when it was killed, the next pass goes on from it to what holds."""
    office.status_publisher.publish(NOW)
    code, certificate = tables.code.c, tables.certificate.c
    with office.database.reading() as connection:
        token = connection.scalar(select(tables.token_status_list.c.cwt))
        listed = open_token(token or b"", trust, uri=uri_of(trust, 0))
        states = connection.execute(
            select(code.idx, certificate.state, certificate.until).join_from(tables.code, tables.certificate)
        ).all()
    assert listed.array.count(0) < len(listed.array)
    for index, state, until in states:
        over = state == State.SUSPENDED and until is not None and until <= NOW
        assert listed.status(index) == (StatusType.VALID if over else STATUS_OF[State(state)]), index


def test_an_import_command_that_is_killed_changes_all_or_nothing(data_dir: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    roster = tmp_path / "roster.csv"
    arguments = ["--issuer", XINJIANG, "--agency", AGENCY]
    done = 0
    for kill in range(10):
        write_roster(roster, 2_000, first=60_000_000_000 + kill * 2_000)
        command = subprocess.Popen(
            [str(LIANGZHENG), "import", str(roster), *arguments],
            env=environment(data_dir),
            stdout=subprocess.PIPE,
        )
        with command:
            try:
                command.wait(0.4 + chance.random() * 1.2)
            except subprocess.TimeoutExpired:
                command.kill()
            assert command.stdout is not None
            acknowledged = b"2000 issued" in command.stdout.read()
        report = succeed(data_dir, "audit")
        before, done = done, int(report.split(",")[0].split()[1])
        assert kill == 0 or done - before in ((2_000,) if acknowledged else (0, 2_000))


def test_a_writer_that_is_killed_leaves_no_lock_behind(data_dir: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=work, args=(data_dir, tmp_path / "notes", 1))
    process.start()
    _wait_for_notes(tmp_path / "notes", 3)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert "suspended" in succeed(data_dir, "suspend", "31000099001")


def test_signing_anew_that_is_killed_goes_on_where_it_was(data_dir: Path, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    write_roster(roster, 20_000, first=60_000_000_000)
    succeed(data_dir, "import", str(roster), "--issuer", XINJIANG, "--agency", AGENCY)
    listed = orjson.loads(succeed(data_dir, "keys", "list", "--json"))
    (stolen,) = [key["kid"] for key in listed if key["issuer"] == XINJIANG]
    succeed(data_dir, "keys", "compromise", stolen, "--no-resign")
    before = _left(data_dir, stolen)
    chance, kills = random.Random(3), 0
    while kills < 5 and _left(data_dir, stolen):
        with subprocess.Popen(
            [str(LIANGZHENG), "keys", "resign", stolen], env=environment(data_dir), stdout=subprocess.DEVNULL
        ) as command:
            try:
                command.wait(0.9 + chance.random() * 0.4)
            except subprocess.TimeoutExpired:
                command.kill()
                kills += 1
    assert before > 20_000
    succeed(data_dir, "keys", "resign", stolen)
    assert _left(data_dir, stolen) == 0
    succeed(data_dir, "audit")


def _left(data_dir: Path, kid: str) -> int:
    return int(succeed(data_dir, "keys", "resign", kid, "--dry-run").split()[0])
