"""The templates of an installation that uses all features. `make snapshot` writes them to snapshot.json."""

import json
import re
from pathlib import Path
from typing import Any

from tests.infra.synthesis import REGISTRY, make_stack, synthesize

FILE = Path(__file__).parent / "snapshot.json"

EVERYTHING: dict[str, Any] = {
    "targets": [
        {"cluster": "home"},
        {"cluster": "edited", "access": "edit-policy"},
        {"cluster": "away", "region": "us-east-1"},
        {"cluster": "theirs", "account": "333333333333"},
    ],
    "credentials": [{"registry": REGISTRY, "pull_through_cache": True}],
    "alarm_email": "platform-team@example.com",
    "log_retention": "90d",
    "log_key_arn": "arn:aws:kms:eu-west-1:111111111111:key/12345678-90ab-cdef-1234-567890abcdef",
    "vpc": {"id": "vpc-11111111", "subnets": ["subnet-11111111"]},
}

# These values change with the function's code, and with the Python that runs the tests.
_PLACEHOLDERS = {
    r"\b[0-9a-f]{64}\b": "HASH",
    r"python3\.[0-9]+": "PYTHON",
    r'"Analytics": "[^"]*"': '"Analytics": "..."',
}


def render_snapshot() -> str:
    templates = {stack.stack_name: stack.template for stack in synthesize(make_stack(EVERYTHING)).stacks}
    text = json.dumps(templates, indent=1, sort_keys=True) + "\n"
    for pattern, placeholder in _PLACEHOLDERS.items():
        text = re.sub(pattern, placeholder, text)
    return text


if __name__ == "__main__":
    FILE.write_text(render_snapshot())
