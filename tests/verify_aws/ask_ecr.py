"""ECR: how long tokens are valid, which logins registries accept, and when a token stops working before it expires."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME, AuthorizationToken, parse_authorization_token
from argo_ecr_auth.registry_login import Login, Verification, verify_login
from tests.verify_aws.stage import PREFIX, TAGS, Answer, Answers, Stage

_TOKEN = "ecr:GetAuthorizationToken"
_PULL = (_TOKEN, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:ListImages")
_CHAIN = ("ecr-public:GetAuthorizationToken", "sts:AssumeRole", "sts:GetServiceBearerToken")
_CLOCKS = timedelta(minutes=5)
_REVOKED_SECONDS = 300
_EKS_ACCOUNT = "602401143452"  # of EKS's own images, which every account may pull in most regions
_OTHER_REGIONS = ("us-west-2", "us-east-1")


def ask_lifetimes(stage: Stage) -> Answers:
    role = stage.create_role("lifetime", allow=[_TOKEN, *_CHAIN])
    long = stage.assume(role)
    yield "lifetime-role", _judge_lifetime(fetch_token(stage, long))
    yield "lifetime-short-session", _judge_lifetime(fetch_token(stage, stage.assume(role, seconds=900)))
    chained = stage.create_role("chained", allow=[_TOKEN])
    yield "lifetime-chained", _judge_lifetime(fetch_token(stage, stage.assume(chained, by=long)))
    public = stage.client("ecr-public", credentials=long, region="us-east-1").get_authorization_token()
    yield "lifetime-public", _judge_lifetime(_parse(public["authorizationData"]))


def ask_logins(stage: Stage) -> Answers:
    stage.client("ecr").create_repository(repositoryName=PREFIX, tags=TAGS)
    token = fetch_token(stage, stage.assume(stage.create_role("pull", allow=_PULL)))
    stranger = fetch_token(stage, stage.assume(stage.create_role("no-pull", allow=[_TOKEN])))
    malformed = AuthorizationToken(password=token.password[:-8], expires_at=token.expires_at)
    own, region = stage.account, stage.region
    other = next(name for name in _OTHER_REGIONS if name != region)
    accepted, refused = Login.ACCEPTED, Login.REFUSED
    for name, host, login_token, login in (
        ("login-correct", stage.registry, token, accepted),
        ("login-other-region", stage.registry.replace(region, other), token, refused),
        ("login-other-account", stage.registry.replace(own, _EKS_ACCOUNT), token, accepted),
        ("login-malformed", stage.registry, malformed, refused),
        ("login-dual-stack", f"{own}.dkr-ecr.{region}.on.aws", token, accepted),
        ("login-fips", f"{own}.dkr.ecr-fips.{region}.amazonaws.com", token, accepted),
    ):
        found = verify_login(host, login_token)
        yield name, _judge_login(found, right=found.login is login)
    found = verify_login(stage.registry, stranger, repository=PREFIX)
    yield "login-no-pull", _judge_login(found, right=_is_accepted_without_pull(found))


def ask_revocations(stage: Stage) -> Answers:
    """The three roles at once, each as long as its token works."""
    tokens = {}
    for purpose in ("deleted", "sessions", "denied"):
        tokens[purpose] = fetch_token(stage, stage.assume(stage.create_role(purpose, allow=_PULL)))
        if verify_login(stage.registry, tokens[purpose]).login is not Login.ACCEPTED:
            raise RuntimeError("the registry does not accept a new token")
    stage.delete_role(f"{PREFIX}-deleted")
    stage.create_role("deleted", allow=_PULL)
    everything: dict[str, Any] = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    before = {"DateLessThan": {"aws:TokenIssueTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}}
    stage.put_policy("sessions", everything | {"Condition": before}, name="revoke")
    stage.put_policy("denied", everything | {"Action": "ecr:*"}, name="deny")
    for elapsed in stage.poll(_REVOKED_SECONDS):
        for purpose, token in list(tokens.items()):
            found = verify_login(stage.registry, token, repository=PREFIX)
            if found.login is Login.REFUSED or _is_accepted_without_pull(found):
                del tokens[purpose]
                yield f"revoked-{purpose}", Answer(text=f"after {elapsed:.0f} s: {found.reason}", right=True)
        if not tokens:
            return
    for purpose in tokens:
        yield f"revoked-{purpose}", Answer(text=f"still works after {_REVOKED_SECONDS} s", right=False)


def ask_bearer_password(stage: Stage) -> Answers:
    answer = stage.client("signin").create_bearer_token(
        grantType="client_credentials", resource="ecr.amazonaws.com", durationSeconds=300
    )
    expires_at = datetime.now(UTC) + timedelta(seconds=300)
    found = verify_login(stage.registry, AuthorizationToken(password=answer["accessToken"], expires_at=expires_at))
    yield "bearer-password", _judge_login(found, right=found.login is Login.REFUSED)


def fetch_token(stage: Stage, credentials: Mapping[str, str]) -> AuthorizationToken:
    answer = stage.retry(lambda: stage.client("ecr", credentials=credentials).get_authorization_token())
    return _parse(answer["authorizationData"][0])


def _parse(data: Mapping[str, Any]) -> AuthorizationToken:
    return parse_authorization_token(data["authorizationToken"], expires_at=data["expiresAt"])


def _judge_lifetime(token: AuthorizationToken) -> Answer:
    lifetime = token.expires_at - datetime.now(UTC)
    return Answer(text=f"{lifetime / timedelta(hours=1):.1f} hours", right=abs(lifetime - TOKEN_LIFETIME) < _CLOCKS)


def _judge_login(found: Verification, *, right: bool) -> Answer:
    """A registry that was not reached has not answered; one with another status than 401 or 403 has."""
    is_known = found.login in {Login.ACCEPTED, Login.REFUSED} or " answers " in (found.reason or "")
    text = ": ".join(filter(None, (found.login.value, found.reason)))
    return Answer(text=text, right=right if is_known else None)


def _is_accepted_without_pull(found: Verification) -> bool:
    return found.login is Login.ACCEPTED and "cannot list" in (found.reason or "")
