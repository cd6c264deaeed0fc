"""The docker configuration in a pull-secret: a login for each registry's host."""

import base64
import json
from collections.abc import Mapping

from argo_ecr_auth.core.authorization_token import USERNAME


def make_login(password: str) -> str:
    """The login of a host, as docker's `auth` has it."""
    return base64.b64encode(f"{USERNAME}:{password}".encode()).decode()


def format_docker_config(logins: Mapping[str, str]) -> str:
    """The configuration's text. The bare host is the key: Image Updater and kubelet both find it so."""
    return json.dumps({"auths": {host: {"auth": login} for host, login in logins.items()}}, separators=(",", ":"))


def read_docker_config(text: str) -> dict[str, str]:
    """The logins by their hosts; none where the text has not this shape, whoever wrote it."""
    try:
        logins = {host: entry["auth"] for host, entry in json.loads(text)["auths"].items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    return {host: login for host, login in logins.items() if isinstance(login, str)}
