"""The handler in a process of its own, as Lambda runs it: the package, its file of targets and its environment."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import argo_ecr_auth
from argo_ecr_auth.core.targets import TARGETS_FILE
from argo_ecr_auth_settings.resolve import format_targets_file
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import Function, make_environment

RunHandler = Callable[..., tuple[str, dict[str, str]]]

# As Lambda runs a handler, with every logger wide open.
_LAMBDA = """
import json, logging, sys, traceback
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from argo_ecr_auth.handler import handler

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"
    def get_remaining_time_in_millis(self):
        return 20_000

for event in json.load(sys.stdin):
    try:
        print(json.dumps(handler(event, Context())))
    except Exception:
        traceback.print_exc()
"""


def run_handler(
    function: Function, events: list[object], *, directory: Path, cloud: LocalCloud, role: str, **environment: str
) -> tuple[str, dict[str, str]]:
    """Run the handler once for each event; all its output, and the environment that it ran with."""
    package = Path(argo_ecr_auth.__file__).parent
    shutil.copytree(package, directory / package.name, dirs_exist_ok=True)
    (directory / TARGETS_FILE).write_bytes(format_targets_file(function.settings))
    variables = {
        **cloud.environment(),
        **make_environment(cloud, role),
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_SERVICE_NAME": "argo-ecr-auth",
        "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
        "AWS_LAMBDA_FUNCTION_NAME": "x",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-c", _LAMBDA],
        cwd=directory,
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=True,
        env=variables,
    )
    return done.stdout + done.stderr, variables
