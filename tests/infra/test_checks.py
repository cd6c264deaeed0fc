"""Checks of whole templates: cdk-nag, cfn-lint, and a snapshot that shows the effect of a change."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from tests.infra.snapshot import EVERYTHING, FILE, render_snapshot
from tests.infra.synthesis import ACCOUNT, REGION, make_content, make_stack, synthesize

_ANYWHERE = {"account": None, "region": None}
_HUNDRED = [{"cluster": f"team-{number}"} for number in range(100)]
_OTHERS = [
    make_content(targets=[{"cluster": f"team-{number:04}"} for number in range(1_000)]),
    make_content(
        targets=_HUNDRED
        + [target | {"name": f"away-{i}", "account": "333333333333"} for i, target in enumerate(_HUNDRED)]
    ),
    make_content(
        credentials=[{"registry": "public.ecr.aws"}], alarm_topic_arn=f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
    ),
]
_INSTALLATIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (make_content(), {}),
    (EVERYTHING, {}),
    (make_content(), _ANYWHERE),
    (make_content(targets=_HUNDRED), _ANYWHERE),
    *((document, {}) for document in _OTHERS),
]


def _templates(document: dict[str, Any], **where: Any) -> dict[str, dict[str, Any]]:
    return {stack.stack_name: stack.template for stack in synthesize(make_stack(document, **where)).stacks}


@pytest.mark.parametrize(("document", "where"), _INSTALLATIONS)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(document: dict[str, Any], where: dict[str, Any]) -> None:
    stack = make_stack(document, **where)
    app = cdk.Stage.of(stack)
    assert app is not None
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    app.synth()  # raises if there are findings


@pytest.mark.parametrize(("document", "where"), _INSTALLATIONS)
def test_cfn_lint_finds_nothing(document: dict[str, Any], where: dict[str, Any], tmp_path: Path) -> None:
    for name, template in _templates(document, **where).items():
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    # W3005 is a dependency that a reference implies already; CDK writes it for every role and its policy.
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--"]
    done = subprocess.run([*command, *map(str, tmp_path.iterdir())], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_templates_equal_the_snapshot() -> None:
    """The snapshot's diff shows reviewers what a change does in AWS."""
    assert render_snapshot() == FILE.read_text(), "look at `make snapshot && git diff`"
