"""Permits: an attempt of a task writes only while the driver lets it, so that one which Spark has
given up, or which was paused or cut off, cannot write over a later batch.

The driver lends a permit for some seconds at a time over a connection of its own, and the engine
asks for it before every request (`permit` of a write session). When a batch is over the driver
lends no more for it, and the next batch of the container begins when the last permit has run out
and the last request that went before has landed. Documents carry nothing for this.

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


def _proof(secret: str, nonce: str) -> str:
    return hmac.new(secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()


@dataclasses.dataclass(frozen=True)
class Terms:
    """What an attempt must know to borrow; travels with the job."""

    host: str
    port: int
    secret: str = dataclasses.field(repr=False)
    batch: str = ""


@dataclasses.dataclass
class _Attempt:
    process: str  # "host:pid"
    until: float  # by time.monotonic(): a permit that was lent has run out by then


@dataclasses.dataclass
class _Batch:
    place: str
    attempts: Dict[str, _Attempt] = dataclasses.field(default_factory=dict)


class Lender:
    """The driver's side. Thread-safe."""

    def __init__(self, host: str) -> None:
        """Listens on the address that `host` is here, or on every one where that is another
        machine's (a driver behind a name of its cluster)."""
        self._host = host
        self._secret = secrets.token_hex(32)
        self._lock = threading.Lock()
        self._batches: Dict[str, _Batch] = {}
        self._free_from: Dict[str, float] = {}  # by place
        self._listening = _listen(host)
        threading.Thread(target=self._run, name="spillway-permits", daemon=True).start()

    @contextlib.contextmanager
    def batch(
        self, place: str, name: str, settle_seconds: float, first_waits: bool = True
    ) -> Iterator[Terms]:
        """Lends permits for one batch of writes to a place, for as long as the block lasts.
        `first_waits`: nobody else knows whether a driver before this process left attempts."""
        batch = f"{name} {secrets.token_hex(4)}"
        with self._lock:
            self._batches[batch] = _Batch(place)
            # Of a driver that was there before this process, all that is known is how long its
            # permits last.
            before = PERMIT_SECONDS + settle_seconds if first_waits else 0
            self._free_from.setdefault(place, time.monotonic() + before)
        try:
            yield Terms(self._host, self._listening.getsockname()[1], self._secret, batch)
        finally:
            self._close(batch, settle_seconds)

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
            batch = self._batches.pop(name)
            left = [attempt.until for attempt in batch.attempts.values()]
            if left:
                until = max(left) + settle_seconds
                self._free_from[batch.place] = max(self._free_from.get(batch.place, 0), until)

    def _run(self) -> None:
        import asyncio  # here: tasks do without it, and it takes a time to import

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, sock=self._listening)
            await server.serve_forever()

        asyncio.run(serve())

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
            answer = self._done(hello) if asked["word"] == "done" else self._renew(hello)
            await _say(writer, answer)

    def _renew(self, hello: Dict[str, str]) -> Dict[str, Any]:
        with self._lock:
            batch = self._batches.get(hello["batch"])
            if batch is None:
                return {"over": True}
            until = time.monotonic() + PERMIT_SECONDS
            batch.attempts[hello["attempt"]] = _Attempt(hello["process"], until)
            return {"seconds": PERMIT_SECONDS}

    def _done(self, hello: Dict[str, str]) -> Dict[str, Any]:
        with self._lock:
            batch = self._batches.get(hello["batch"])
            if batch is not None:
                batch.attempts.pop(hello["attempt"], None)
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

    `session` is whatever has permit(monotonic_ns, realtime_ns) and stop().
    """

    def __init__(self, terms: Terms, attempt: str) -> None:
        """Raises SpillwayError where the driver cannot be reached."""
        self._terms = terms
        self._hello = {"batch": terms.batch, "attempt": f"{attempt} {secrets.token_hex(4)}",
                       "process": f"{socket.gethostname()}:{os.getpid()}"}
        self._ended = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._lines: Any = None
        self.failure: Optional[SpillwayError] = None
        try:
            self._connect()
        except (OSError, ValueError) as failure:
            raise self._unreachable(failure) from None

    def keep(self, session: Any) -> None:
        """Permits the session to write, from now on and until `release`."""
        self._thread = threading.Thread(target=self._renew_always, args=(session,), daemon=True)
        self._thread.start()

    def release(self) -> None:
        """The session is not used any more after this."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def close(self, sure: bool) -> None:
        """`sure`: the session is closed, and nothing that it sent can still land."""
        self.release()
        with contextlib.suppress(OSError, ValueError):
            if sure and self._lines is not None:
                self._ask("done")
        self._disconnect()

    def _connect(self) -> None:
        connection = socket.create_connection((self._terms.host, self._terms.port),
                                              ANSWER_SECONDS_MAX)
        self._lines = connection.makefile("rwb")
        connection.close()  # the file keeps it open
        nonce = json.loads(self._lines.readline())["nonce"]
        self._say({**self._hello, "proof": _proof(self._terms.secret, nonce)})

    def _disconnect(self) -> None:
        lines, self._lines = self._lines, None
        with contextlib.suppress(OSError):
            if lines is not None:
                lines.close()

    def _say(self, words: Dict[str, Any]) -> None:
        self._lines.write(json.dumps(words).encode() + b"\n")
        self._lines.flush()

    def _ask(self, word: str) -> Dict[str, Any]:
        self._say({"word": word})
        return json.loads(self._lines.readline())

    def _renew_always(self, session: Any) -> None:
        heard = time.monotonic()
        while not self._ended.is_set():
            try:
                if self._lines is None:
                    self._connect()
                if not self._renew(session.permit):
                    break
                heard = time.monotonic()
            except (OSError, ValueError) as failure:
                self._disconnect()
                if time.monotonic() - heard > UNREACHABLE_SECONDS_MAX:
                    self.failure = self._unreachable(failure)
                    break
            self._ended.wait(PERMIT_SECONDS / RENEWALS_PER_PERMIT)
        if self.failure is not None:
            session.stop()

    def _renew(self, permit: Callable[[int, int], None]) -> bool:
        # Before asking: the permit runs from a moment that is not later than the driver's.
        monotonic, realtime = time.monotonic_ns(), time.time_ns()
        answer = self._ask("renew")
        if "over" in answer:
            self.failure = SpillwayError("locked", "the driver has given this attempt up",
                                         "nothing more was sent; another attempt has written")
            return False
        lasts = int(answer["seconds"] * 1e9)
        permit(monotonic + lasts, realtime + lasts)
        return True

    def _unreachable(self, failure: BaseException) -> SpillwayError:
        return SpillwayError(
            "unavailable",
            f"the driver cannot be reached at {self._terms.host}:{self._terms.port} ({failure}), "
            "and without it an attempt that was given up could write over a later batch",
            "name an address that executors reach as `spillway.driverHost`, or do without: "
            "`spillway.fence` = `none`")
