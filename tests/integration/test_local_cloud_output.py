"""What `make demo` and `make up` print."""

import time

import pytest

from tests.local_cloud.__main__ import NEXT_STEPS
from tests.local_cloud.demo import describe_run, report_while

_LINE = {"action": "created", "expires_at": "2026-11-24T04:55:22Z", "reason": "there is no Secret"}


def test_the_demo_names_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        deadline = time.monotonic() + 10
        while "waiting for the next run (" not in capsys.readouterr().out:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    report_while("waiting for the next run", work, every=0.01)


def test_the_demo_says_that_a_login_check_was_skipped() -> None:
    assert "login check skipped: no registry on this machine" in describe_run(_LINE)


def test_the_demo_mentions_no_skipped_check_after_a_verified_login() -> None:
    assert "skipped" not in describe_run({**_LINE, "verified": True})


def test_up_names_the_steps_in_their_order() -> None:
    steps = ("source .local/env", "make synth", "kubectl apply -f cdk.out/rbac", "make deploy", "make down")
    positions = [NEXT_STEPS.index(step) for step in steps]
    assert positions == sorted(positions)
