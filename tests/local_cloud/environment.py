"""The environment of a client of the local cloud."""

import os
import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"
ARCHITECTURE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
"""Of this machine, which runs the functions."""

# All that could send a client elsewhere: credentials, profiles, regions, endpoints.
_FOREIGN = re.compile(r"AWS_.*|CDK_(DEFAULT|NEW)_.*|KUBECONFIG|PYTHONPATH|PYTHONHOME")
# The port of the discard service, where nothing listens.
CLOSED_PROXY = "http://127.0.0.1:9"
_NO_PROXY = "127.0.0.1,localhost"


def make_client_settings(endpoint_url: str, state_dir: Path, *, account: str, region: str) -> dict[str, str]:
    """The variables for a client that is the root of an account: its access key id is the account's number."""
    nothing = state_dir / "nothing"
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": str(nothing),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": account,
        "CDK_DEFAULT_REGION": region,
        # The files of these tools are removed with the cloud.
        "CDK_HOME": str(state_dir / "cdk"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        # It takes more than half of a synth. tests/infra checks the same templates.
        "CDK_VALIDATION": "false",
        "KUBECACHEDIR": str(state_dir / "kubectl-cache"),
    }


def make_client_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """A complete environment for a client: this process's without what could send it elsewhere, and the settings."""
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (os.environ.get(name), _NO_PROXY)))
    return {**kept, **settings}


def make_shell_script(settings: Mapping[str, str], *, paths: Sequence[Path]) -> str:
    """The same for a shell (bash or zsh) to `source`; `paths` are folders to put first on its PATH."""
    folders = [shlex.quote(str(path)) for path in paths]
    lines = [
        "# Points this shell at the local cloud; another shell is not affected.",
        "for name in $(env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\)=.*/\\1/p'); do unset \"$name\"; done",
        *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
        f'export NO_PROXY="${{NO_PROXY:+$NO_PROXY,}}{_NO_PROXY}"',
        f'export no_proxy="${{no_proxy:+$no_proxy,}}{_NO_PROXY}"',
        *(f'case ":$PATH:" in *:{folder}:*) ;; *) export PATH={folder}:"$PATH" ;; esac' for folder in folders),
    ]
    return "\n".join(lines) + "\n"
