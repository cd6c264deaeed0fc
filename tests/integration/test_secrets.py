"""No token, password, bearer or session credential in anything that the function says, at debug level too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.core.renewal_plan import make_plan
from argo_ecr_auth.registry_login import verify_login
from argo_ecr_auth.tokens import TokenIssuer
from tests.support.function import REGISTRY, Function, FunctionFactory
from tests.support.handler_process import RunHandler
from tests.support.objects import Objects, encode_base64


def test_nothing_that_is_said_holds_a_secret(
    make_function_with: FunctionFactory, objects: Objects, run_handler: RunHandler
) -> None:
    """Created, overwritten by somebody, healed, forced, and several failures: each with its planted values."""
    credentials = [{"registry": REGISTRY, "secret_name": name} for name in ("ecr-auth", "managed")]
    refused = {"cluster": "behind", "role_arn": "arn:aws:iam::222222222222:role/nobody"}
    function = make_function_with(*credentials, others=[{"cluster": "gone"}, refused])
    planted = "planted-by-somebody"
    managed = {
        "metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}},
        "stringData": {"password": "planted-in-a-refused-secret"},
    }
    replace(objects, name="managed").create("secrets", managed)
    secrets = [planted, "planted-in-a-refused-secret"]

    output, run_with = run_handler(function, [{}, {"targets": ["nobody"]}])
    secrets += [objects.password, run_with["AWS_SECRET_ACCESS_KEY"], run_with["AWS_SESSION_TOKEN"]]
    objects.patch("secrets", {"data": {"password": encode_base64(planted)}})
    more, run_with = run_handler(function, [{}, {"force": True}, {"dry_run": True}, {}])
    secrets += [objects.password, run_with["AWS_SECRET_ACCESS_KEY"], run_with["AWS_SESSION_TOKEN"]]
    output += more

    assert [action for action in ("created", "repaired", "renewed", "fresh", "failed") if action not in output] == []
    told = [name for name in (*secrets, "k8s-aws-v1.", "X-Amz-Signature", "X-Amz-Security-Token") if name in output]
    encoded = [name for name in secrets if encode_base64(name).rstrip("=") in output]
    assert (told, encoded) == ([], [])
    # It tells of a role that is refused with a traceback, which may quote the signed request.
    assert "cannot assume" in output
    assert "botocore.credentials" not in output


def test_no_repr_holds_a_secret(function: Function, objects: Objects) -> None:
    function.run()
    (target,) = function.targets
    (credential,) = target.credentials
    server = EksApiServers(function.cache).to(target)
    access, observed = server.open(), server.read(credential)
    plan = make_plan(
        observed,
        target=target.name,
        credential=credential,
        now=datetime.now(UTC),
        renew_before=timedelta(hours=6),
        check_every=timedelta(minutes=7),
    )
    issuer = TokenIssuer(sessions=function.sessions, verify_login=verify_login, now=lambda: datetime.now(UTC))
    issued = issuer.issue(credential)

    said = repr((function.cache, function.cache.addresses, access, observed, plan, issued, target))

    assert plan.current is not None
    (new,) = issued.tokens.values()
    secrets = {
        "the password": objects.password,
        "a new one": new.password,
        "the bearer token": access.bearer,
        "the session token": str(function.sessions.credentials().token),
    }
    assert [what for what, secret in secrets.items() if secret in said or encode_base64(secret) in said] == []
