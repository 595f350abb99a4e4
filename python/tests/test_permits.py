"""Permits: the driver's side and an attempt's, over a real connection."""

import json
import socket
import time

import pytest

from spillway import SpillwayError
from spillway.spark import permits
from spillway.spark.job import seconds_of
from spillway.spark.progress import Watch

PLACE = "https://account/db/items"
SETTLE = 0.1
LASTS = 0.5
WAIT_SECONDS_MAX = 20


@pytest.fixture(autouse=True)
def short_permits(monkeypatch):
    monkeypatch.setattr(permits, "PERMIT_SECONDS", LASTS)
    monkeypatch.setattr(permits, "UNREACHABLE_SECONDS_MAX", LASTS)


@pytest.fixture
def lender():
    return permits.Lender("127.0.0.1")


class Session:
    """Of the engine's, what a borrower uses."""

    def __init__(self):
        self.until = 0
        self.permits = 0
        self.stopped = False
        self.use = {}
        self.parts = []

    def progress(self):
        return self.use

    def share(self, part, monotonic_ns, limit):
        self.parts.append((part, monotonic_ns, limit))

    def permit(self, monotonic_ns, realtime_ns):
        assert realtime_ns - monotonic_ns == pytest.approx(
            time.time_ns() - time.monotonic_ns(), abs=1e8)
        self.until = monotonic_ns
        self.permits += 1

    def stop(self):
        self.stopped = True


def wait_until(condition):
    by = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.01)


def seconds_to_wait(lender):
    """That the next batch would, however long it waits for."""
    slept = []
    time_sleep, time.sleep = time.sleep, slept.append
    try:
        lender.wait(PLACE)
    finally:
        time.sleep = time_sleep
    return sum(slept)


def first_batch(lender):
    with lender.batch(PLACE, "batch 0", SETTLE):
        lender.wait(PLACE)


def test_a_permit_is_renewed_for_as_long_as_the_batch_lasts(lender):
    session = Session()
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        borrower = permits.Borrower(terms, "stage 1, partition 0, attempt 0")
        borrower.keep(session)
        wait_until(lambda: session.permits >= 2 * permits.RENEWALS_PER_PERMIT)
        assert session.until > time.monotonic_ns()
        assert [name.split(":")[0] for name in lender.attempts()] == [socket.gethostname()]
        borrower.close(sure=True)
        assert lender.attempts() == []
    assert not session.stopped


def test_when_the_batch_is_over_an_attempt_is_stopped_and_says_why(lender):
    session = Session()
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        borrower = permits.Borrower(terms, "attempt 0")
        borrower.keep(session)
        wait_until(lambda: session.permits > 0)
    wait_until(lambda: session.stopped)
    assert "given this attempt up" in str(borrower.failure)
    last = session.until
    borrower.close(sure=False)
    assert session.until == last


def test_the_next_batch_waits_for_the_last_permit_and_the_requests_before_it(lender):
    first_batch(lender)
    assert seconds_to_wait(lender) == 0
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        borrower = permits.Borrower(terms, "attempt 0")
        borrower.keep(session := Session())
        wait_until(lambda: session.permits > 0)
        # As a process that is paused: it neither asks nor ends.
        borrower.release()
        ran_out = session.until / 1e9
    with lender.batch(PLACE, "batch 2", SETTLE):
        lender.wait(PLACE)
        assert time.monotonic() >= ran_out + SETTLE


def test_a_batch_whose_attempts_have_all_ended_makes_nobody_wait(lender):
    first_batch(lender)
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        borrower = permits.Borrower(terms, "attempt 0")
        borrower.keep(session := Session())
        wait_until(lambda: session.permits > 0)
        borrower.close(sure=True)
    assert seconds_to_wait(lender) == 0
    with lender.batch(PLACE, "batch 2", SETTLE) as terms:
        borrower = permits.Borrower(terms, "attempt 0")
        borrower.keep(session := Session())
        wait_until(lambda: session.permits > 0)
        borrower.close(sure=False)
    assert seconds_to_wait(lender) > SETTLE


def test_the_first_batch_of_a_process_waits_for_drivers_before_it(lender):
    with lender.batch(PLACE, "batch 0", SETTLE):
        meanwhile = []
        began = time.monotonic()
        lender.wait(PLACE, lambda: meanwhile.append(1))
        assert time.monotonic() - began > LASTS and meanwhile == [1]
        lender.wait(PLACE, lambda: meanwhile.append(2))
        assert meanwhile == [1]


def test_who_does_not_know_the_secret_gets_no_permit(lender):
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        stranger = permits.Terms(terms.host, terms.port, "0" * 64, terms.batch)
        session = Session()
        borrower = permits.Borrower(stranger, "attempt 0")
        borrower.keep(session)
        wait_until(lambda: session.stopped)
        assert session.permits == 0 and lender.attempts() == []
        borrower.close(sure=False)


@pytest.mark.parametrize("words", [b"", b"\n", b"{}\n", b"[]\n", b"x" * 100_000, b'{"proof": 1}\n'])
def test_what_is_no_message_ends_the_connection_and_nothing_else(lender, words):
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        with socket.create_connection((terms.host, terms.port)) as connection:
            connection.sendall(words)
            connection.shutdown(socket.SHUT_WR)
            lines = connection.makefile("rb")
            assert "nonce" in json.loads(lines.readline())
            assert lines.readline() == b""
        borrower = permits.Borrower(terms, "attempt 0")
        borrower.keep(session := Session())
        wait_until(lambda: session.permits > 0)
        borrower.close(sure=True)


def test_a_driver_that_cannot_be_reached_is_an_error_that_says_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SpillwayError, match="spillway.driverHost"):
        permits.Borrower(permits.Terms("127.0.0.1", port, "0" * 64, "batch 1"), "attempt 0")


def borrow(terms, name, **use):
    session = Session()
    session.use = {"rows": 0, "cost": 0.0, "requests": 1, "throttled_requests": 0, **use}
    borrower = permits.Borrower(terms, name)
    borrower.keep(session)
    return borrower, session


def part_of(session):
    return session.parts[-1][0] if session.parts else 0


def test_a_limit_is_shared_and_who_needs_none_of_it_lends_its_share(lender):
    watch = Watch("products", "30%", shown=False)
    with lender.batch(PLACE, "batch 1", SETTLE, watch=watch) as terms:
        first, spender = borrow(terms, "attempt 0")
        wait_until(lambda: part_of(spender) == 1)
        second, waiting = borrow(terms, "attempt 1")
        wait_until(lambda: part_of(spender) == 0.5 and part_of(waiting) == 0.5)
        waiting.use = {**waiting.use, "wanted": 0.01}
        wait_until(lambda: part_of(spender) > 0.98 and part_of(waiting) <= 0.02)
        assert {limit for _, _, limit in spender.parts} == {"30%"}
        second.close(sure=True)
        wait_until(lambda: part_of(spender) == 1)
        first.close(sure=True)


def test_without_a_limit_everyone_has_all(lender):
    with lender.batch(PLACE, "batch 1", SETTLE) as terms:
        borrowed = [borrow(terms, f"attempt {number}") for number in range(2)]
        wait_until(lambda: all(session.parts for _, session in borrowed))
        assert {part[0] for _, session in borrowed for part in session.parts} == {1.0}
        for borrower, _ in borrowed:
            borrower.close(sure=True)


def test_what_attempts_do_is_counted_while_they_do_it_and_when_they_have_ended(lender):
    watch = Watch("products", shown=False)
    with lender.batch(PLACE, "batch 1", SETTLE, watch=watch) as terms:
        done, session = borrow(terms, "attempt 0", rows=5, cost=30.0)
        failed, _ = borrow(terms, "attempt 1", rows=7, cost=40.0)
        wait_until(lambda: watch.totals().rows == 12)
        session.use = {**session.use, "rows": 10, "cost": 60.0}
        done.release(session)
        done.close(sure=True)
        failed.close(sure=False)
        wait_until(lambda: watch.totals().rows == 10)
        assert watch.totals().cost == 100.0


def test_the_rows_of_an_attempt_that_is_not_heard_from_do_not_count(lender):
    watch = Watch("products", shown=False)
    with lender.batch(PLACE, "batch 1", SETTLE, watch=watch) as terms:
        borrower, _ = borrow(terms, "attempt 0", rows=5, cost=30.0)
        wait_until(lambda: watch.totals().rows == 5)
        borrower.release()
        wait_until(lambda: watch.totals().rows == 0)
        assert watch.totals().cost == 30.0


def test_a_job_opens_its_batch_by_itself_and_when_it_is_over_nobody_writes_for_it(lender):
    terms = lender.terms().for_job(PLACE, "8000", shown=False)
    borrower, session = borrow(terms, "attempt 0")
    wait_until(lambda: part_of(session) == 1)
    assert session.permits == 0 and session.parts[-1][2] == "8000"
    borrower.close(sure=True)
    permits.close_job(terms)
    late, session = borrow(terms, "attempt 0, given up")
    wait_until(lambda: session.stopped)
    assert session.parts == []
    late.close(sure=False)
    assert seconds_to_wait(lender) == 0, "nobody waits for a job that needs no permits"


def test_a_job_that_can_do_without_the_driver_does(monkeypatch, capsys):
    monkeypatch.setattr(permits, "PERMIT_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    terms = permits.Terms("127.0.0.1", port, "0" * 64).for_job(PLACE, "8000", True)
    assert permits.borrower_of(terms, "attempt 0") is None
    assert "an even share is spent" in capsys.readouterr().err
    permits.close_job(terms)


@pytest.mark.parametrize("text, seconds", [("200ms", 0.2), ("15s", 15), ("2m", 120)])
def test_durations_are_read_as_the_engine_reads_them(text, seconds):
    assert seconds_of(text) == seconds
