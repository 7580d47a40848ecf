"""Webhooks (XJ-EM-2020 Art 14): everything arrives at least once, in order, signed; nothing goes astray."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from keys.keysets import jwks
from tests.districts import application, enter, put_in_force, restricted
from tests.issuing.receiver import (
    Handler,
    NotGenuineError,
    Received,
    Receiver,
    hang_up,
    receiving,
    self_signed,
    status,
    verify,
)
from tests.office import DAY, NOW, happen
from tests.running import LIANGZHENG, environment, succeed
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.issuing import webhooks as delivery
from verifier.issuing.webhooks import LONGEST_PAUSE_SECONDS, deliver_due, http_client, pause
from verifier.register import clients, webhooks
from verifier.register.changes import changes, newest
from verifier.register.clients import Client
from verifier.register.errors import NotFoundError
from verifier.register.webhooks import MOST_URL_CHARACTERS, Webhook, WebhookError

LATER = NOW + 5 * DAY
LONGEST_URL = "https://a.cn/".ljust(MOST_URL_CHARACTERS, "x")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def client(office: Office, *, authority: str = "650000", agency: str | None = None, **more: Any) -> Client:
    facts: dict[str, Any] = {"actions": ["changes"], "expires": NOW + 365 * DAY, "now": NOW} | more
    with office.database.writing() as connection:
        made, _ = clients.create(connection, name="test", authority=authority, agency=agency, **facts)
    return made


def hook(office: Office, receiver: Receiver, *, after: int = 0, reader: Client | None = None) -> Webhook:
    reader = reader or client(office)
    with office.database.writing() as connection:
        return webhooks.add(connection, client=reader.id, url=receiver.url, after=after)


def send(office: Office, now: int = LATER) -> int:
    async def go() -> int:
        async with http_client() as sender:
            return await deliver_due(office.database, office.status_signer, sender, now, jitter=lambda: 0)

    return asyncio.run(go())


def as_it_is(office: Office, webhook: Webhook) -> Webhook:
    with office.database.reading() as connection:
        return webhooks.by_id(connection, webhook.id)


def last_event(office: Office) -> int:
    with office.database.reading() as connection:
        return newest(connection)


# What arrives


def test_a_receiver_gets_what_the_feed_says_and_can_verify_it(office: Office, receiver: Receiver) -> None:
    made = hook(office, receiver)
    assert send(office) > LATER
    (request,) = receiver.received
    verify(request, jwks(office.trust()), LATER)
    with office.database.reading() as connection:
        page = changes(connection, client(office).actor, after=0, now=LATER)
    assert request.ids == [change.id for change in page.changes] == [1, 2, 3]
    assert as_it_is(office, made) == replace(made, after=page.next, next_try=LATER)
    send(office)
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, body=request.body.replace(b"valid", b"Valid", 1)),
        lambda request: replace(request, uri=request.uri + "?x"),
        lambda request: replace(request, method="PUT"),
        lambda request: _with(request, "webhook-id", "another"),
        lambda request: _with(request, "content-type", "text/plain"),
        lambda request: _with(request, "signature-input", f"={LATER};", f"={LATER - 1};"),
        lambda request: _with(request, "signature-input", 'nonce="', 'nonce="0'),
    ],
    ids=["body", "uri", "method", "name", "type", "time", "nonce"],
)
def test_a_request_that_was_changed_on_its_way_does_not_verify(
    office: Office, receiver: Receiver, change: Callable[[Received], Received]
) -> None:
    hook(office, receiver)
    send(office)
    with pytest.raises((InvalidSignature, NotGenuineError)):
        verify(change(receiver.received[0]), jwks(office.trust()), LATER)


def test_a_request_that_was_recorded_is_too_old_minutes_later(office: Office, receiver: Receiver) -> None:
    hook(office, receiver)
    send(office)
    verify(receiver.received[0], jwks(office.trust()), LATER + 299)
    with pytest.raises(NotGenuineError, match="too old"):
        verify(receiver.received[0], jwks(office.trust()), LATER + 300)


def test_batches_are_bounded_and_come_in_order(office: Office, receiver: Receiver) -> None:
    put_in_force(office, *(application(str(37_000_000_000 + row)) for row in range(230)))
    hook(office, receiver)
    wakes = [send(office) for _ in range(3)]
    assert [len(request.ids) for request in receiver.received] == [100, 100, 33]
    read = [each for request in receiver.received for each in request.ids]
    assert read == sorted(set(read))
    assert wakes == [LATER, LATER, LATER + 2]


def test_a_client_of_a_county_is_sent_the_changes_of_its_agencies_alone(
    office: Office, receiver: Receiver
) -> None:
    enter(office)
    put_in_force(office, application("32000000001", "奈曼旗应急管理局"), issuer="150000")
    put_in_force(office, application("32000000002", "库伦旗应急管理局"), issuer="150000")
    made = hook(office, receiver, reader=client(office, authority="150525"))
    send(office)
    (request,) = receiver.received
    assert request.ids == [6]
    assert as_it_is(office, made).after == last_event(office)


def test_of_a_restricted_certificate_hardly_anything_is_sent(office: Office, receiver: Receiver) -> None:
    put_in_force(office, restricted("33000000001"))
    hook(office, receiver, after=5)
    send(office)
    assert receiver.received[0].ids == [6]
    assert b"agency" not in receiver.received[0].body


def test_no_private_reason_is_sent(office: Office, receiver: Receiver) -> None:
    happen(office, Event.CANCELLED, "31000000001", reason="dismissed")
    hook(office, receiver)
    send(office)
    assert b"dismissed" not in receiver.received[0].body
    assert b"cancelled" in receiver.received[0].body


@pytest.mark.parametrize("end", ["withdrawn", "expired", "other action"])
def test_a_client_that_may_not_read_is_sent_nothing(office: Office, receiver: Receiver, end: str) -> None:
    reader = client(office, expires=LATER if end == "expired" else LATER + 1)
    made = hook(office, receiver, reader=reader)
    if end == "withdrawn":
        with office.database.writing() as connection:
            clients.withdraw(connection, reader.id, LATER)
    if end == "other action":
        with office.database.writing() as connection:
            connection.exec_driver_sql("""UPDATE client SET actions = '["read"]'""")
    send(office)
    assert receiver.received == []
    assert as_it_is(office, made) == made


# What goes wrong


def test_a_batch_that_failed_is_sent_again_after_a_pause_as_it_was(
    office: Office, receiver: Receiver
) -> None:
    made = hook(office, receiver)
    receiver.script = [status(500), status(503)]
    send(office)
    failed = as_it_is(office, made)
    assert (failed.failures, failed.fault, failed.next_try) == (1, "answered 500", LATER + 10)
    happen(office, Event.SUSPENDED, "31000000001")
    send(office, LATER + 9)
    assert len(receiver.received) == 1
    send(office, LATER + 10)
    assert as_it_is(office, made).next_try == LATER + 10 + 20
    assert send(office, LATER + 30) == LATER + 30
    send(office, LATER + 30)
    names = [request.name for request in receiver.received]
    assert [request.ids for request in receiver.received] == [[1, 2, 3]] * 3 + [[6]]
    assert len(set(names[:3])) == 1
    assert names[3] != names[2]
    taken = as_it_is(office, made)
    assert (taken.failures, taken.fault, taken.after) == (0, None, 6)
    signatures = {request.headers["signature"] for request in receiver.received}
    assert len(signatures) == 4


def test_a_receiver_that_dies_in_between_gets_it_again(office: Office, receiver: Receiver) -> None:
    made = hook(office, receiver)
    receiver.script = [hang_up]
    send(office)
    assert as_it_is(office, made).fault == "no connection, or no certificate that holds"
    send(office, LATER + 10)
    assert [request.ids for request in receiver.received] == [[1, 2, 3]] * 2


def test_a_receiver_that_is_not_there_is_tried_ever_less_often(office: Office) -> None:
    with receiving() as gone:
        made = hook(office, gone)
    now, pauses = LATER, []
    for _ in range(12):
        send(office, now)
        tried = as_it_is(office, made)
        pauses.append(tried.next_try - now)
        now = tried.next_try
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600]


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_pause_is_within_bounds_whatever_the_failures_and_the_chance(failures: int, chance: float) -> None:
    assert 10 <= pause(failures, chance) <= LONGEST_PAUSE_SECONDS


def test_a_redirect_is_not_followed(office: Office, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        made = hook(office, receiver)
        receiver.script = [status(307, location=elsewhere.url)]
        send(office)
        assert elsewhere.received == []
    assert as_it_is(office, made).fault == "answered 307: redirects are not followed"


def _trickle(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):  # each byte comes well within any time-out for one read
        handler.wfile.write(b"x-a: b\r\n")
        handler.wfile.flush()
        time.sleep(0.05)


def test_a_receiver_that_trickles_is_given_up(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TOTAL_SECONDS", 0.5)
    made = hook(office, receiver)
    receiver.script = [_trickle]
    start = time.monotonic()
    send(office)
    assert time.monotonic() - start < 4
    failed = as_it_is(office, made)
    assert failed.failures == 1
    assert str(failed.fault).startswith("no answer within")


def _endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"1000\r\n" + b"x" * 4_096 + b"\r\n")


def test_an_answer_without_end_is_read_to_a_bound(office: Office, receiver: Receiver) -> None:
    made = hook(office, receiver)
    receiver.script = [_endless]
    start = time.monotonic()
    send(office)
    assert time.monotonic() - start < delivery.TOTAL_SECONDS
    assert as_it_is(office, made).failures == 0


def test_one_receiver_that_fails_keeps_nothing_from_another(office: Office, receiver: Receiver) -> None:
    with receiving() as gone:
        hook(office, gone)
    hook(office, receiver)
    send(office)
    assert [request.ids for request in receiver.received] == [[1, 2, 3]]


def test_two_processes_that_deliver_do_not_send_a_batch_twice(office: Office, receiver: Receiver) -> None:
    made = hook(office, receiver)

    async def both() -> None:
        async with http_client() as sender:
            await asyncio.gather(
                *(deliver_due(office.database, office.status_signer, sender, LATER) for _ in range(4))
            )

    asyncio.run(both())
    assert [request.ids for request in receiver.received] == [[1, 2, 3]]
    assert as_it_is(office, made).after == 5


def test_a_sender_that_is_killed_before_it_notes_the_answer_sends_the_same_batch_again(
    office: Office, receiver: Receiver
) -> None:
    made = hook(office, receiver, reader=client(office, expires=int(time.time()) + 3 * 365 * DAY))
    killed: list[subprocess.Popen[bytes]] = []

    def kill(handler: Handler) -> None:
        os.kill(killed[0].pid, signal.SIGKILL)
        killed[0].wait()
        hang_up(handler)

    receiver.script = [kill]
    command = [str(LIANGZHENG), "webhooks", "deliver"]
    started = subprocess.Popen(command, env=environment(office.settings.data_dir))
    killed.append(started)
    assert started.wait(60) == -signal.SIGKILL
    left = as_it_is(office, made)
    assert (left.after, left.sending) == (0, 5)
    happen(office, Event.SUSPENDED, "31000000001")
    send(office, left.next_try - 1)
    assert len(receiver.received) == 1  # another process may be about to hear of it
    send(office, left.next_try)
    assert [request.ids for request in receiver.received] == [[1, 2, 3]] * 2
    assert len({request.name for request in receiver.received}) == 1
    send(office, left.next_try)
    assert receiver.received[-1].ids == [6]


def test_a_batch_that_others_took_over_is_not_counted_twice(office: Office, receiver: Receiver) -> None:
    made = hook(office, receiver)
    send(office)
    with office.database.writing() as connection:
        webhooks.fail(connection, made, fault="late", next_try=LATER + 10)
        webhooks.move(connection, made, after=3, now=LATER)
        assert not webhooks.begin(connection, made, sending=3, until=LATER)
    assert (as_it_is(office, made).after, as_it_is(office, made).failures) == (5, 0)


def test_a_receiver_whose_certificate_no_authority_signed_is_sent_nothing(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    with receiving(tls=(certificate, key)) as receiver:
        made = hook(office, receiver)
        send(office)
        assert receiver.received == []
        assert as_it_is(office, made).fault == "no connection, or no certificate that holds"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # an authority of the operator's own
        send(office, LATER + 10)
        assert [request.ids for request in receiver.received] == [[1, 2, 3]]
        verify(receiver.received[0], jwks(office.trust()), LATER + 10)


def test_delivery_goes_on_and_finds_what_happened_since(office: Office, receiver: Receiver) -> None:
    hook(office, receiver)
    waits = list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            await asyncio.to_thread(happen, office, Event.SUSPENDED, "31000000001")
        if len(waits) == 3:
            raise asyncio.CancelledError

    async def go() -> None:
        async with http_client() as sender:
            await delivery.deliver(office.database, office.status_signer, sender, lambda: LATER, sleep=sleep)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(go())
    assert [request.ids for request in receiver.received] == [[1, 2, 3], [6]]
    assert waits == [2, 2, 2]


# Where to


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Platform.Example.CN", "https://platform.example.cn/"),
        ("https://platform.example.cn:8443/in?a=b", "https://platform.example.cn:8443/in?a=b"),
        ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        ("http://[::1]:9000/x", "http://[::1]:9000/x"),
        ("http://localhost/", "http://localhost/"),
        (LONGEST_URL, LONGEST_URL),
    ],
)  # fmt: skip
def test_changes_go_over_https_or_to_this_machine(office: Office, url: str, normal: str) -> None:
    reader = client(office)
    with office.database.writing() as connection:
        assert webhooks.add(connection, client=reader.id, url=url, after=0).url == normal
        with pytest.raises(WebhookError, match="already"):
            webhooks.add(connection, client=reader.id, url=normal, after=0)


@pytest.mark.parametrize(
    "url",
    ["http://platform.example.cn/", "http://10.0.0.1/", "http://localhost.example.cn/", "ftp://a.cn/", "a.cn",
     "https://", "https:///x", "https://user:secret@a.cn/", "https://a.cn/#x", "https://a.cn:99999/",
     "https://a.cn\\@b.cn/", "https://a .cn/", "https://平台.cn/", "https://a.cn/\n", "http://127.0.0.1.a.cn/",
     "https://[::1", "http://2130706433/", LONGEST_URL + "x"],
)  # fmt: skip
def test_changes_go_nowhere_else(office: Office, url: str) -> None:
    reader = client(office)
    with pytest.raises(WebhookError), office.database.writing() as connection:
        webhooks.add(connection, client=reader.id, url=url, after=0)


def test_who_may_not_read_changes_is_not_sent_them(office: Office) -> None:
    reader = client(office, actions=["read"])
    with office.database.writing() as connection:
        with pytest.raises(WebhookError, match="may not read changes"):
            webhooks.add(connection, client=reader.id, url="https://a.cn/", after=0)
        with pytest.raises(NotFoundError):
            webhooks.add(connection, client="nobody", url="https://a.cn/", after=0)


def test_there_are_not_more_webhooks_than_can_be_served(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 3)
    reader = client(office)
    with office.database.writing() as connection:
        for place in range(3):
            webhooks.add(connection, client=reader.id, url=f"https://a.cn/{place}", after=0)
        with pytest.raises(WebhookError, match="remove one first"):
            webhooks.add(connection, client=reader.id, url="https://a.cn/3", after=0)


# The commands


def test_the_commands_add_deliver_list_and_remove(office: Office, receiver: Receiver) -> None:
    directory = office.settings.data_dir
    reader = client(office, expires=int(time.time()) + 3 * 365 * DAY)
    made = (
        succeed(directory, "webhooks", "add", reader.id, receiver.url, "--after", "0").split()[1].strip(":")
    )
    receiver.script = [status(500)]
    failed = subprocess.run(
        [str(LIANGZHENG), "webhooks", "deliver"], env=environment(directory), capture_output=True, check=False
    )
    assert failed.returncode == 1
    assert b"answered 500; next try" in failed.stderr
    assert "failed 1 times: answered 500" in succeed(directory, "webhooks", "list")
    with office.database.writing() as connection:
        connection.exec_driver_sql("UPDATE webhook SET next_try = 0")
    succeed(directory, "webhooks", "deliver")
    assert [request.ids for request in receiver.received] == [[1, 2, 3]] * 2
    verify(receiver.received[-1], jwks(office.trust()), int(time.time()))
    assert '"behind":0' in succeed(directory, "webhooks", "list", "--json")
    succeed(directory, "webhooks", "remove", made)
    assert succeed(directory, "webhooks", "list") == ""


def _with(request: Received, header: str, old: str, new: str | None = None) -> Received:
    value = old if new is None else request.headers[header].replace(old, new)
    assert value != request.headers[header]
    return replace(request, headers=request.headers | {header: value})
