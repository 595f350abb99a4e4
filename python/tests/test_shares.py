"""Shares of a limit, in virtual time: the sum is kept whatever attempts do."""

import random

import pytest

from spillway.spark import shares

LIMIT = 1.0 + 1e-9


@pytest.mark.parametrize("wanted, parts", [
    ([None], [1]),
    ([None, None, None, None], [0.25] * 4),
    ([0.1, None], [0.1, 0.9]),
    ([0.1, 0.6, None], [0.1, 0.45, 0.45]),
    ([0.2, 0.2], [0.5, 0.5]),
    ([0.0, None], [shares.IDLE_PART, 1 - shares.IDLE_PART]),
])
def test_everyone_gets_what_it_has_use_for_and_the_rest_is_divided(wanted, parts):
    assert shares.divide(wanted) == pytest.approx(parts)


class Attempt:
    """What an attempt believes: it spends its part until that runs out."""

    def __init__(self, name):
        self.name = name
        self.number = 0
        self.part = 0.0
        self.until = 0.0
        self.wanted = None

    def ask(self, ledger, now, answered=None, lost=False):
        """`answered`: when the driver does."""
        number, part = ledger.ask(self.name, self.number, self.wanted, answered or now)
        if not lost:
            self.number, self.part, self.until = number, part, now + shares.SHARE_SECONDS

    def spends(self, now):
        return self.part if now < self.until else 0.0


def test_a_part_that_becomes_smaller_is_nobody_elses_before_its_attempt_knows():
    ledger, first, second = shares.Ledger(), Attempt("first"), Attempt("second")
    first.ask(ledger, 0.0)
    assert first.part == 1
    second.ask(ledger, 0.1)
    assert second.part == 0
    first.ask(ledger, 0.2)
    assert first.part == 0.5
    second.ask(ledger, 0.3)
    assert second.part == 0, "the first has not said yet that it knows"
    first.ask(ledger, 0.4)
    second.ask(ledger, 0.5)
    assert second.part == 0.5


def test_the_share_of_one_that_is_not_heard_from_is_held_back_until_it_has_run_out():
    ledger, silent, other = shares.Ledger(), Attempt("silent"), Attempt("other")
    for attempt in (silent, other, silent, silent, other):
        attempt.ask(ledger, 0.0)
    assert silent.part == other.part == 0.5
    other.ask(ledger, shares.SHARE_SECONDS - 0.1)
    assert other.part == 0.5
    other.ask(ledger, shares.SHARE_SECONDS + 0.1)
    assert other.part == 1
    silent.ask(ledger, shares.SHARE_SECONDS + 0.2)
    assert silent.part == 0, "it comes back, and the other has all"


def test_one_that_has_ended_leaves_its_share_at_once():
    ledger, ended, other = shares.Ledger(), Attempt("ended"), Attempt("other")
    for attempt in (ended, other, ended, ended, other):
        attempt.ask(ledger, 0.0)
    ledger.gone("ended")
    other.ask(ledger, 0.2)
    assert other.part == 1
    ledger.gone("ended")
    assert ledger.held() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(30))
def test_the_sum_never_exceeds_the_limit(seed):
    """Attempts come, go, die, stand still, wait and are held back; answers are late or lost."""
    rng = random.Random(seed)
    ledger, now, names = shares.Ledger(), 0.0, 0
    alive, dead = [], []
    for _ in range(4_000):
        now += rng.expovariate(50)
        if len(alive) < 8 and rng.random() < 0.02:
            names += 1
            alive.append(Attempt(f"attempt {names}"))
        if not alive:
            continue
        attempt = rng.choice(alive)
        event = rng.random()
        if event < 0.01:
            alive.remove(attempt)
            attempt.part = 0.0
            ledger.gone(attempt.name)
        elif event < 0.02:
            alive.remove(attempt)  # spends on until its part runs out
            dead.append(attempt)
        else:
            attempt.wanted = rng.choice([None, None, 0.0, rng.random()])
            attempt.ask(ledger, now, now + rng.random() * 0.05, lost=rng.random() < 0.05)
            now += 0.05
        spent = sum(one.spends(now) for one in [*alive, *dead])
        assert spent <= LIMIT, f"seed {seed}: {spent} at {now}"


@pytest.mark.parametrize("attempts", [1, 4, 100])
def test_those_who_are_held_back_get_all_of_it_evenly(attempts):
    ledger = shares.Ledger()
    working = [Attempt(f"attempt {number}") for number in range(attempts)]
    for round_number in range(30):
        for attempt in working:
            attempt.ask(ledger, round_number * 0.1)
    assert [attempt.part for attempt in working] == pytest.approx([1 / attempts] * attempts)
