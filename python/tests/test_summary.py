"""Summaries of tasks make one summary of the job, which adds up and is judged."""

import pytest

from spillway import RejectedRow, SpillwayError, Summary
from spillway.spark.job import WriteJob, allowed_rejected, from_message, to_message


def part(read, rejected=0, **more):
    rows = [RejectedRow(0, "k", "http_413", "too large")] * rejected
    return Summary({"read": read, "upserted": read - rejected, "rejected": rejected}, cost=2.5,
                   requests=1, rejected_by_reason={"http_413": rejected} if rejected else {},
                   rejected=rows, **more)


def test_parts_add_up():
    total = Summary.sum([part(1_000), part(500, rejected=2), Summary()])
    assert total.formula == "read 1,500 = upserted 1,498 + rejected 2"
    assert total.adds_up and total.requests == 2 and total.cost == 5
    assert total.rejected_by_reason == {"http_413": 2}
    assert "rejected: 2 http_413" in str(total)


def test_a_sum_that_does_not_add_up_says_so():
    wrong = Summary({"read": 10, "upserted": 9})
    assert "≠" in wrong.formula
    with pytest.raises(SpillwayError, match="do not add up"):
        WriteJob({}).judge([wrong])


def test_a_message_brings_a_summary_over():
    one = part(10, rejected=1)
    assert from_message(to_message(one)) == one


def test_the_budget_is_judged_over_all_tasks():
    parts = [part(1_000, rejected=1), part(1_000)]
    assert WriteJob({}, max_rejected="0.1%").judge(parts).counts["rejected"] == 1
    with pytest.raises(SpillwayError) as raised:
        WriteJob({}, max_rejected="0").judge(parts)
    assert raised.value.code == "rejected rows over budget"
    assert "1 of 2,000 rows were rejected" in str(raised.value)
    assert "http_413 k: too large" in str(raised.value)


@pytest.mark.parametrize("budget, allowed", [("0.1%", 1.0), ("7", 7.0), ("0", 0.0)])
def test_budgets(budget, allowed):
    assert allowed_rejected(budget, 1_000) == allowed


def test_a_budget_that_is_none_is_refused():
    with pytest.raises(SpillwayError, match="maxRejected"):
        allowed_rejected("some", 1)


def test_an_error_shows_code_message_and_what_to_do():
    error = SpillwayError("not found", "there is no container", "create it")
    assert str(error) == "not found: there is no container\n  next: create it"
