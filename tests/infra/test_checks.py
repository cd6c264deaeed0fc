"""Checks of whole templates: cdk-nag, cfn-lint, and a snapshot that shows the effect of a change."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.infra.snapshot import EVERYTHING, FILE, render_snapshot
from tests.infra.synthesis import ACCOUNT, REGION, make_content, make_stack, synthesize_with_cdk_nag

_ANYWHERE = {"account": None, "region": None}
_HUNDRED = [{"cluster": f"team-{number}"} for number in range(100)]
_INSTALLATIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (make_content(), {}),
    (EVERYTHING, {}),
    (make_content(), _ANYWHERE),
    (
        make_content(
            credentials=[{"registry": "public.ecr.aws"}], alarm_topic_arn=f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
        ),
        {},
    ),
]
# Not for cfn-lint, which takes long: they only have more of the same resources. test_thousand_targets.py checks
# CloudFormation's limits, and runs cdk-nag for more targets.
_LARGE_INSTALLATIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (make_content(targets=_HUNDRED), _ANYWHERE),
    (
        make_content(
            targets=_HUNDRED
            + [target | {"name": f"away-{i}", "account": "333333333333"} for i, target in enumerate(_HUNDRED)]
        ),
        {},
    ),
]


@cache
def _synthesize_with_cdk_nag(number: int) -> dict[str, dict[str, Any]]:
    document, where = [*_INSTALLATIONS, *_LARGE_INSTALLATIONS][number]
    return synthesize_with_cdk_nag(make_stack(document, **where))


@pytest.mark.parametrize("number", range(len(_INSTALLATIONS) + len(_LARGE_INSTALLATIONS)))
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(number: int) -> None:
    assert _synthesize_with_cdk_nag(number)


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    for number in range(len(_INSTALLATIONS)):
        for name, template in _synthesize_with_cdk_nag(number).items():
            (tmp_path / f"{number}-{name}.json").write_text(json.dumps(template))
    # W3005 is a dependency that a reference implies already; CDK writes it for every role and its policy.
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--"]
    done = subprocess.run([*command, *map(str, tmp_path.iterdir())], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_templates_equal_the_snapshot() -> None:
    """The snapshot's diff shows reviewers what a change does in AWS."""
    assert render_snapshot() == FILE.read_text(), "look at `make snapshot && git diff`"
