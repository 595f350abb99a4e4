"""Permits: an attempt of a task writes only while the driver lets it, so that one which Spark has
given up, or which was paused or cut off, cannot write over a later batch.

The driver lends a permit for some seconds at a time over a connection of its own, and the engine
asks for it before every request (`permit` of a write session). When a batch is over the driver
lends no more for it, and the next batch of the container begins when the last permit has run out
and the last request that went before has landed. Documents carry nothing for this.

The same connection carries what an attempt has done so far, for the driver to count and show
(`progress.py`), and its share of the job's limit (`shares.py`). A job that only writes rows needs
no permit, and opens its batch here by itself: it is planned in another process of the driver.

Works between the Python processes of one Spark application; the messages are lines of JSON, and
who asks proves that it has the job's secret without sending it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import secrets
import socket
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Optional

from spillway._errors import SpillwayError
from spillway.spark import progress, shares
from spillway.spark.progress import Use, Watch

#: How long a permit lasts. Longer: a driver may pause for longer; shorter: batches that follow a
#: failed attempt begin earlier.
PERMIT_SECONDS = 5.0
RENEWALS_PER_PERMIT = 5
#: For one answer of the driver.
ANSWER_SECONDS_MAX = 2.0
#: An attempt that cannot reach the driver for so long fails.
UNREACHABLE_SECONDS_MAX = 60.0
#: What somebody who connects may take to say who they are.
GREETING_SECONDS_MAX = 10.0
#: How often attempts that share a limit ask: this often, and rarer where they are many.
ASK_SECONDS_MIN = 0.1
ASKS_PER_SECOND = 200
#: A job that opened its batch by itself, and of which nothing was heard for so long, is over.
QUIET_SECONDS_MAX = 600.0
#: Names of batches that are over, so that no late attempt opens one again.
OVER_NAMES_MAX = 10_000
#: By an attempt that can do without the driver.
CONNECTIONS_TRIED = 3


def _proof(secret: str, nonce: str) -> str:
    return hmac.new(secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()


@dataclasses.dataclass(frozen=True)
class Terms:
    """What an attempt must know to borrow; travels with the job."""

    host: str
    port: int
    secret: str = dataclasses.field(repr=False)
    batch: str = ""
    permits: bool = True  # nothing is written without one; else writing goes on without the driver
    opens: Optional[Dict[str, Any]] = None  # the batch, where no process of the driver has it open

    def for_job(self, place: str, limit: Optional[str], shown: bool) -> Terms:
        """For the attempts of one job that opens its batch by itself, without permits."""
        return dataclasses.replace(
            self, batch=f"write {secrets.token_hex(8)}", permits=False,
            opens={"place": place, "limit": limit, "shown": shown})


@dataclasses.dataclass
class _Attempt:
    process: str  # "host:pid"
    until: float  # by time.monotonic(): a permit that was lent has run out by then
    silent: bool = False


@dataclasses.dataclass
class _Batch:
    place: str
    watch: Watch
    permits: bool = True
    attempts: Dict[str, _Attempt] = dataclasses.field(default_factory=dict)
    ledger: shares.Ledger = dataclasses.field(default_factory=shares.Ledger)
    heard: float = 0.0

    def silent(self, now: float) -> List[str]:
        """Attempts that were not heard from for as long as a permit lasts, each once."""
        found = [name for name, attempt in self.attempts.items()
                 if attempt.until < now and not attempt.silent]
        for name in found:
            self.attempts[name].silent = True  # what it may have sent still counts at the end
        return found


class Lender:
    """The driver's side. Thread-safe."""

    def __init__(self, host: str) -> None:
        """Listens on the address that `host` is here, or on every one where that is another
        machine's (a driver behind a name of its cluster)."""
        self._host = host
        self._secret = secrets.token_hex(32)
        self._lock = threading.Lock()
        self._batches: Dict[str, _Batch] = {}
        self._over: Dict[str, None] = {}  # names, the oldest first
        self._free_from: Dict[str, float] = {}  # by place
        self._listening = _listen(host)
        threading.Thread(target=self._run, name="spillway-permits", daemon=True).start()

    @contextlib.contextmanager
    def batch(
        self, place: str, name: str, settle_seconds: float, first_waits: bool = True,
        watch: Optional[Watch] = None
    ) -> Iterator[Terms]:
        """Lends permits for one batch of writes to a place, for as long as the block lasts.
        `first_waits`: nobody else knows whether a driver before this process left attempts.
        `watch`: counts what attempts do, and has the limit that they share."""
        batch = f"{name} {secrets.token_hex(4)}"
        with self._lock:
            self._batches[batch] = _Batch(place, watch or Watch(place, shown=False))
            # Of a driver that was there before this process, all that is known is how long its
            # permits last.
            before = PERMIT_SECONDS + settle_seconds if first_waits else 0
            self._free_from.setdefault(place, time.monotonic() + before)
        try:
            yield Terms(self._host, self._listening.getsockname()[1], self._secret, batch)
        finally:
            self._close(batch, settle_seconds)

    def terms(self) -> Terms:
        """For jobs that open their batches by themselves: see Terms.for_job."""
        return Terms(self._host, self._listening.getsockname()[1], self._secret)

    def wait(self, place: str, meanwhile: Callable[[], Any] = lambda: None) -> bool:
        """Returns when nothing of an earlier batch can be written any more; before a process's
        first batch, nothing of a driver that was there before it. Calls `meanwhile` if that takes a
        time. Returns whether there was anything to wait for."""
        with self._lock:
            free_from = self._free_from.get(place, 0.0)
        if free_from <= time.monotonic():
            return False
        meanwhile()
        left = free_from - time.monotonic()
        if left > 0:
            print(f"{place}: waiting {left:.1f} s, until no earlier attempt can write",
                  file=sys.stderr)
            time.sleep(left)
        return True

    def attempts(self) -> List[str]:
        """ "host:pid" of those that may write now."""
        with self._lock:
            return [attempt.process for batch in self._batches.values()
                    for attempt in batch.attempts.values()]

    def _close(self, name: str, settle_seconds: float) -> None:
        with self._lock:
            batch = self._end(name)
            left = [attempt.until for attempt in batch.attempts.values()]
            if left:
                until = max(left) + settle_seconds
                self._free_from[batch.place] = max(self._free_from.get(batch.place, 0), until)

    def _end(self, name: str) -> _Batch:
        batch = self._batches.pop(name)
        self._over[name] = None
        while len(self._over) > OVER_NAMES_MAX:
            del self._over[next(iter(self._over))]
        batch.watch.close()
        return batch

    def _run(self) -> None:
        import asyncio  # here: tasks do without it, and it takes a time to import

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, sock=self._listening)
            showing = asyncio.ensure_future(self._show())
            await server.serve_forever()
            showing.cancel()

        asyncio.run(serve())

    async def _show(self) -> None:
        import asyncio

        while True:
            await asyncio.sleep(progress.TICK_SECONDS)
            with self._lock:
                self._forget(time.monotonic())
                watches = [batch.watch for batch in self._batches.values()]
            for watch in watches:
                with contextlib.suppress(Exception):  # a line that cannot be shown ends no job
                    watch.tick()

    def _forget(self, now: float) -> None:
        """Jobs and attempts that nothing was heard of."""
        for name, batch in list(self._batches.items()):
            for silent in batch.silent(now):
                batch.watch.lost(silent)
            if not batch.permits and batch.heard < now - QUIET_SECONDS_MAX:
                self._end(name)

    async def _serve(self, reader: Any, writer: Any) -> None:
        import asyncio

        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, asyncio.TimeoutError):
            nonce = secrets.token_hex(16)
            await _say(writer, {"nonce": nonce})
            hello = json.loads(await asyncio.wait_for(reader.readline(), GREETING_SECONDS_MAX))
            if hmac.compare_digest(hello["proof"], _proof(self._secret, nonce)):
                await self._lend(hello, reader, writer)
        writer.close()

    async def _lend(self, hello: Dict[str, str], reader: Any, writer: Any) -> None:
        while True:
            line = await reader.readline()
            if not line:
                return
            asked = json.loads(line)
            answers = {"done": self._done, "renew": self._renew, "close": self._close_job}
            await _say(writer, answers[asked["word"]](hello, asked))

    def _batch_of(self, hello: Dict[str, Any]) -> Optional[_Batch]:
        name, opens = hello["batch"], hello.get("opens")
        if name not in self._batches and opens is not None and name not in self._over:
            watch = Watch(opens["place"], opens["limit"], opens["shown"])
            self._batches[name] = _Batch(opens["place"], watch, permits=False)
        return self._batches.get(name)

    def _renew(self, hello: Dict[str, Any], asked: Dict[str, Any]) -> Dict[str, Any]:
        use = Use.of(asked.get("use", {}))
        with self._lock:
            batch = self._batch_of(hello)
            if batch is None:
                return {"over": True}
            batch.heard = now = time.monotonic()
            name = hello["attempt"]
            batch.attempts[name] = _Attempt(hello["process"], now + PERMIT_SECONDS)
            batch.watch.note(name, use)
            limit = batch.watch.limit()
            answer: Dict[str, Any] = {"seconds": PERMIT_SECONDS, "number": 0, "part": 1.0,
                                      "share_seconds": shares.SHARE_SECONDS,
                                      "again": PERMIT_SECONDS / RENEWALS_PER_PERMIT}
            if limit is not None:
                number, part = batch.ledger.ask(name, asked.get("seen", 0), use.wanted, now)
                often = max(len(batch.attempts) / ASKS_PER_SECOND, ASK_SECONDS_MIN)
                answer.update(number=number, part=part, limit=limit,
                              again=min(often, answer["again"]))
            return answer

    def _done(self, hello: Dict[str, Any], asked: Dict[str, Any]) -> Dict[str, Any]:
        name = hello["attempt"]
        with self._lock:
            batch = self._batches.get(hello["batch"])
            if batch is not None:
                # It sends nothing more; but what it has sent may land, if it is not sure.
                batch.ledger.gone(name)
                batch.watch.ended(name, Use.of(asked.get("use", {})), asked["sure"])
                if asked["sure"]:
                    batch.attempts.pop(name, None)
            return {}

    def _close_job(self, hello: Dict[str, Any], _: Dict[str, Any]) -> Dict[str, Any]:
        with self._lock:
            batch = self._batches.get(hello["batch"])
            if batch is not None and not batch.permits:
                self._end(hello["batch"])
            elif batch is None:
                self._over[hello["batch"]] = None
            return {}


async def _say(writer: Any, words: Dict[str, Any]) -> None:
    writer.write(json.dumps(words).encode() + b"\n")
    await writer.drain()


def _listen(host: str) -> socket.socket:
    for address in (host, "0.0.0.0"):
        with contextlib.suppress(OSError):
            return socket.create_server((address, 0), backlog=1024)
    raise SpillwayError("unavailable", f"the driver cannot listen on {host}",
                        "name an address of the driver as `spillway.driverHost`")


_lender: Optional[Lender] = None
_lender_process = 0
_lender_lock = threading.Lock()


def lender(host: str) -> Lender:
    """The process's own, which the first caller makes."""
    global _lender, _lender_process
    with _lender_lock:
        if _lender is None or _lender_process != os.getpid():
            _lender, _lender_process = Lender(host), os.getpid()
        return _lender


def driver_host(session: Any) -> str:
    """Where executors reach the driver, as far as the session can tell."""
    try:
        return session.sparkContext.getConf().get("spark.driver.host") or socket.gethostname()
    except Exception:  # noqa: BLE001: Connect raises its own, of a module that may not be there
        return socket.gethostname()


class Borrower:
    """The side of a task's attempt. Used by one thread; a thread of its own renews.

    `session` is a WriteSession or a Part.
    """

    def __init__(self, terms: Terms, attempt: str) -> None:
        """Raises SpillwayError where the driver cannot be reached."""
        self.terms = terms
        self._hello = {"batch": terms.batch, "attempt": f"{attempt} {secrets.token_hex(4)}",
                       "process": f"{socket.gethostname()}:{os.getpid()}", "opens": terms.opens}
        self._seen = 0  # the number of the last share
        self._part = 0.0
        self._use: Dict[str, Any] = {}  # told last
        self._ended = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._lines: Any = None
        self.failure: Optional[SpillwayError] = None
        try:
            self._connect()
        except (OSError, ValueError) as failure:
            raise self._unreachable(failure) from None

    def keep(self, session: Any) -> None:
        """Permits the session to write, and lends it its share, from now on and until `release`."""
        self._thread = threading.Thread(target=self._renew_always, args=(session,), daemon=True)
        self._thread.start()

    def release(self, session: Any = None) -> None:
        """The session is not used any more after this, but for telling what it has done at last."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if session is not None:
            with contextlib.suppress(SpillwayError):
                self._use = session.progress()

    def close(self, sure: bool) -> None:
        """The session is closed. `sure`: nothing that it sent can still land."""
        self.release()
        with contextlib.suppress(OSError, ValueError):
            if self._lines is not None:
                self._ask("done", sure=sure, use=self._use)
        self._disconnect()

    def close_job(self) -> None:
        self._ask("close")
        self._disconnect()

    def _connect(self) -> None:
        connection = socket.create_connection((self.terms.host, self.terms.port),
                                              ANSWER_SECONDS_MAX)
        self._lines = connection.makefile("rwb")
        connection.close()  # the file keeps it open
        nonce = json.loads(self._lines.readline())["nonce"]
        self._say({**self._hello, "proof": _proof(self.terms.secret, nonce)})

    def _disconnect(self) -> None:
        lines, self._lines = self._lines, None
        with contextlib.suppress(OSError):
            if lines is not None:
                lines.close()

    def _say(self, words: Dict[str, Any]) -> None:
        self._lines.write(json.dumps(words).encode() + b"\n")
        self._lines.flush()

    def _ask(self, word: str, **more: Any) -> Dict[str, Any]:
        self._say({"word": word, **more})
        return json.loads(self._lines.readline())

    def _renew_always(self, session: Any) -> None:
        heard = time.monotonic()
        while not self._ended.is_set():
            wait = PERMIT_SECONDS / RENEWALS_PER_PERMIT
            try:
                if self._lines is None:
                    self._connect()
                wait = self._renew(session)
                if self.failure is not None:
                    break
                heard = time.monotonic()
            except (OSError, ValueError) as failure:
                self._disconnect()
                if time.monotonic() - heard > UNREACHABLE_SECONDS_MAX:
                    self.failure = self._unreachable(failure)
                    break
            self._ended.wait(wait)
        if self.failure is not None:
            session.stop()

    def _renew(self, session: Any) -> float:
        """Returns after how many seconds to do it again."""
        self._use = session.progress()
        # Before asking: the permit runs from a moment that is not later than the driver's.
        monotonic, realtime = time.monotonic_ns(), time.time_ns()
        answer = self._ask("renew", seen=self._seen, use=self._use)
        if "over" in answer:
            self.failure = SpillwayError("locked", "the driver has given this attempt up",
                                         "nothing more was sent; another attempt has written")
            return 0.0
        if self.terms.permits:
            lasts = int(answer["seconds"] * 1e9)
            session.permit(monotonic + lasts, realtime + lasts)
        lasts = int(answer["share_seconds" if answer["number"] else "seconds"] * 1e9)
        session.share(answer["part"], monotonic + lasts, answer.get("limit", ""))
        less = answer["part"] < self._part
        self._seen, self._part = answer["number"], answer["part"]
        # What is given up is somebody else's as soon as the driver knows.
        return 0.0 if less else answer["again"]

    def _unreachable(self, failure: BaseException) -> SpillwayError:
        return SpillwayError(
            "unavailable",
            f"the driver cannot be reached at {self.terms.host}:{self.terms.port} ({failure}), "
            "and without it " + (
                "an attempt that was given up could write over a later batch" if self.terms.permits
                else "nobody says what this attempt may spend"),
            "name an address that executors reach as `spillway.driverHost`, or do without: "
            "`spillway.fence` = `none`")


def borrower_of(terms: Terms, attempt: str) -> Optional[Borrower]:
    """None: the driver cannot be reached, and the job can do without. Raises SpillwayError where it
    cannot."""
    for left in reversed(range(1 if terms.permits else CONNECTIONS_TRIED)):
        try:
            return Borrower(terms, attempt)
        except SpillwayError as failure:
            if terms.permits:
                raise
            if left == 0:
                print(f"{failure.message}: an even share is spent, and counted at the end",
                      file=sys.stderr)
                return None
        time.sleep(PERMIT_SECONDS / RENEWALS_PER_PERMIT)
    return None


def close_job(terms: Optional[Terms]) -> None:
    """A job that opened its batch by itself is over: nobody writes for it any more."""
    if terms is None or terms.permits:
        return
    with contextlib.suppress(SpillwayError, OSError, ValueError):
        borrower = Borrower(terms, "the end of the job")
        borrower.close_job()
