"""The line that shows how far a job is."""

import io

import pytest

from spillway.spark import progress
from spillway.spark.progress import Use, Watch


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def screen(monkeypatch):
    class Screen(io.StringIO):
        terminal = False

        def isatty(self):
            return self.terminal

    screen = Screen()
    monkeypatch.setattr(progress, "_screen", lambda: screen)
    monkeypatch.setenv("TERM", "xterm")
    return screen


def run(watch, clock, seconds, rows_per_second=1_000, whole=None):
    """As the driver sees two tasks at work."""
    for step in range(int(seconds / progress.TICK_SECONDS)):
        rows = int((step + 1) * progress.TICK_SECONDS * rows_per_second)
        for task in range(2):
            watch.note(f"task {task}", Use(rows // 2, rows * 3.0, rows // 10, 0, None, whole))
        clock.now += progress.TICK_SECONDS
        watch.tick()


def test_lines_come_at_a_calm_pace_where_they_cannot_be_rewritten(clock, screen):
    run(Watch("products", "6000"), clock, 12, whole=6_000)
    lines = screen.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[-1] == "products  11,000 rows  1,000 rows/s  6,000 of 6,000 RU/s  2 tasks"


def test_a_line_is_rewritten_on_a_terminal_and_gone_when_the_job_is_over(clock, screen):
    screen.terminal = True
    watch = Watch("products")
    run(watch, clock, 3)
    assert "\n" not in screen.getvalue()
    assert screen.getvalue().count("\r\x1b[K") == 9
    watch.close()
    assert screen.getvalue().endswith("\r\x1b[K")
    watch.tick()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_a_load_says_how_much_of_it_is_done_and_how_long_it_still_takes(clock, screen):
    found = {"version": 3, "rows_total": 22_000, "rows": 2_000, "rejected": 1, "limit": "6000"}
    watch = Watch("products", load=lambda: found)
    assert watch.limit() == "6000"
    run(watch, clock, 7, whole=6_000)
    assert screen.getvalue().splitlines()[-1] == (
        "products v3  36 %  8,000 / 22,000 rows  1,000 rows/s  6,000 of 6,000 RU/s  rejected 1"
        "  ETA 14.0 s  2 tasks")
    del found["limit"]
    clock.now += 1
    assert watch.limit() is None


def test_throttled_requests_are_named(clock, screen):
    watch = Watch("products")
    watch.note("task 0", Use(100, 500.0, 200, 10))
    clock.now += 2
    watch.tick()
    assert "429: 5 %" in screen.getvalue()


def test_it_can_be_turned_off(clock, screen):
    run(Watch("products", shown=False), clock, 12)
    assert screen.getvalue() == ""


def test_short_jobs_need_no_line(clock, screen):
    run(Watch("products"), clock, 0.75)
    assert screen.getvalue() == ""


def test_a_screen_that_is_gone_does_not_matter(clock, screen):
    watch = Watch("products")
    watch.note("task 0", Use(100, 500.0, 200, 10))
    clock.now += 2
    screen.close()
    with pytest.raises(ValueError):
        screen.write("it is gone")
    screen.isatty = lambda: False
    watch.tick()
    assert watch.totals().rows == 100


@pytest.mark.parametrize("seconds, text", [(5.04, "5.0 s"), (61, "1 min 1 s"),
                                           (3_700, "1 h 1 min")])
def test_durations_read_as_in_the_command(seconds, text):
    assert progress.duration(seconds) == text


def test_what_an_attempt_does_not_know_is_left_out():
    assert Use.of({"rows": 3, "new_figure": 1}) == Use(rows=3)
