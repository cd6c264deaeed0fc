"""EKS: when access entries take effect, and how old a bearer token may be."""

import base64
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from argo_ecr_auth.core.registry import sts_host
from tests.verify_aws.stage import PREFIX, TAGS, Answer, Answers, Stage, freeze

_TIMES = 5
_ENTRY_SECONDS = 120
_STAYS_SECONDS = 60
_AGES = (1, 9, 14, 16)  # minutes
_ANY = "/api"  # everybody who is let in may read it; a token that is not accepted gets a 401


def ask_new_entries(stage: Stage) -> Answers:
    """New roles with new entries; then one of the roles is recreated, and after that its entry."""
    refusals: set[str] = set()
    waits = []
    for number in range(_TIMES):
        role = _create_entry(stage, stage.create_role(f"entry-{number}"), refusals=refusals)
        waits.append(_wait_for_access(stage, role))
    text = ", ".join("never" if wait is None else f"{wait:.0f}" for wait in waits)
    text = f"seconds until the first 200: {text}; EKS refuses a new role: {', '.join(refusals) or 'never'}"
    yield "entry-new", Answer(text=text, right=None not in waits)
    name = f"{PREFIX}-entry-0"
    stage.delete_role(name)
    role = stage.create_role("entry-0")
    is_let_in = False
    for _ in stage.poll(_STAYS_SECONDS):
        is_let_in = stage.connect(stage.assume(role)).request("GET", _ANY)[0] == HTTPStatus.OK
        if is_let_in:
            break
    text = "lets it in" if is_let_in else f"only 401 in {_STAYS_SECONDS} s"
    yield "entry-older-than-role", Answer(text=text, right=not is_let_in)
    stage.client("eks").delete_access_entry(clusterName=stage.cluster, principalArn=role)
    wait = _wait_for_access(stage, _create_entry(stage, role))
    text = "never 200" if wait is None else f"200 after {wait:.0f} s"
    yield "entry-recreated", Answer(text=text, right=wait is not None)


def ask_bearer_ages(stage: Stage) -> Answers:
    """A token of the past is one that was signed with a time of the past."""
    role = _create_entry(stage, stage.create_role("bearer"))
    if _wait_for_access(stage, role) is None:
        raise RuntimeError("the access entry does not take effect")
    credentials = freeze(stage.assume(role))
    for seconds in (60, 900):
        tokens = {age: _sign(stage, credentials, age=timedelta(minutes=age), expires=seconds) for age in _AGES}
        statuses = {age: stage.connect(token=token).request("GET", _ANY)[0] for age, token in tokens.items()}
        text = ", ".join(f"{status} at {age} min" for age, status in statuses.items())
        is_right = all((status == HTTPStatus.OK) is (age < 15) for age, status in statuses.items())
        yield f"bearer-{seconds}", Answer(text=text, right=is_right)


def ask_other_account(stage: Stage) -> Answers:
    if stage.other_principal is None:
        raise RuntimeError("needs --other-principal, the ARN of a role in another account")
    _create_entry(stage, stage.other_principal)
    yield "entry-other-account", Answer(text="the entry is created", right=True)


def _create_entry(stage: Stage, role: str, *, refusals: set[str] | None = None) -> str:
    """Create the role's access entry, as soon as EKS knows the role; `refusals` as `Stage.retry`."""
    entry = {"clusterName": stage.cluster, "principalArn": role, "tags": {tag["Key"]: tag["Value"] for tag in TAGS}}
    stage.retry(lambda: stage.client("eks").create_access_entry(**entry), refusals=refusals)
    return role


def _wait_for_access(stage: Stage, role: str) -> float | None:
    """The seconds until the API server lets the role in; None if that takes too long."""
    begin = time.monotonic()
    credentials = stage.assume(role)
    for _ in stage.poll(_ENTRY_SECONDS, every=1):
        if stage.connect(credentials).request("GET", _ANY)[0] == HTTPStatus.OK:
            return time.monotonic() - begin
    return None


def _sign(stage: Stage, credentials: ReadOnlyCredentials, *, age: timedelta, expires: int) -> str:
    """What `sign_bearer_token` would have returned before so long, valid for so many seconds."""
    signer = _PastAuth(credentials, "sts", stage.region, expires=expires)
    signer.timestamp = f"{datetime.now(UTC) - age:%Y%m%dT%H%M%SZ}"
    url = f"https://{sts_host(stage.region)}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=url, headers={"x-k8s-aws-id": stage.cluster})
    signer.add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


class _PastAuth(SigV4QueryAuth):
    timestamp: str

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self.timestamp
        super()._modify_request_before_signing(request)  # type: ignore[misc]
