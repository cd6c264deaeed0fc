"""Lets aws:PrincipalArn name the role of an assumed role, as in AWS; ministack gives the session's ARN.

IAM User Guide, AWS global condition context keys: for IAM roles, the request context returns the ARN of the role.
"""

import re
from typing import Any

from ministack.core import iam_evaluator

_SESSION = re.compile(r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[^/]+)/.+")


def install() -> None:
    original = iam_evaluator._resolve_condition_key  # noqa: SLF001

    def resolve(key: str, context: Any) -> Any:
        value = original(key, context)
        session = _SESSION.fullmatch(str(value)) if key.lower() == "aws:principalarn" else None
        return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else value

    iam_evaluator._resolve_condition_key = resolve  # noqa: SLF001
