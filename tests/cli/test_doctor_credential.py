"""What doctor says of a credential's own objects, and of its token.

What ECR's registries answer is made up here: see the tests of registry_login.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.registry_login import Login, Verification
from argo_ecr_auth_cli.doctor.check_context import Finding
from argo_ecr_auth_cli.doctor.examine import examine
from argo_ecr_auth_cli.doctor.report import list_findings
from argo_ecr_auth_settings.documentation import make_link
from tests.cli.command_line import CommandLine
from tests.cli.doctor import create_secret, find_by_secret, get_only_finding, make_check_contexts, run_doctor
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import REGISTRY, Function, FunctionFactory
from tests.support.objects import Objects, encode_base64
from tests.support.rewritten import rewrite_expiry, rewrite_source

Asked = list[tuple[str, AuthorizationToken, str | None]]


Examine = Callable[..., tuple[list[Finding], Asked]]


@pytest.mark.parametrize(
    ("manager", "remedy"),
    [("terraform", "stop what writes as terraform"), ("argo-ecr-auth", "the original in-cluster tool")],
)
def test_a_second_writer(manager: str, remedy: str, fresh: CommandLine, objects: Objects) -> None:
    """The original tool has our name too, but updates where we apply."""
    assert "password" in objects.require("secrets")["data"]
    objects.patch("secrets", {"data": {"password": encode_base64("theirs")}}, manager=manager)

    found = {finding["finding"]: finding for finding in run_doctor(fresh)[1]}

    assert f"is also written by {manager} (Update), at 20" in found["second-writer"]["message"]
    assert remedy in found["second-writer"]["remedy"]


def test_one_that_wrote_before_us_and_no_more_is_no_second_writer(
    doctor: CommandLine, function: Function, objects: Objects
) -> None:
    """Of what the original tool wrote, both hold the keys that we left as they were."""
    data = {"url": REGISTRY, "name": "ecr", "type": "helm", "enableOCI": "true", "username": "AWS", "password": "old"}
    create_secret(objects, "ecr-auth", kind="repository", **data)
    function.run()

    assert run_doctor(doctor)[1] == []


def test_marks_by_which_an_application_would_prune_the_secret(fresh: CommandLine, objects: Objects) -> None:
    objects.patch("secrets", {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "app:/Secret:a/b"}}})
    objects.patch("configmaps", {"metadata": {"labels": {"app.kubernetes.io/instance": "app"}}})

    _, found = run_doctor(fresh)

    assert [finding["finding"] for finding in found] == ["tracked", "tracked"]
    assert found[0]["remedy"].endswith("annotate secret ecr-auth argocd.argoproj.io/tracking-id-")
    assert found[1]["remedy"].endswith("label configmap ecr-auth app.kubernetes.io/instance-")


@pytest.mark.parametrize(
    "theirs",
    [
        {"kind": "repository", "type": "git", "url": "git@git.example.com:a", "sshPrivateKey": "theirs"},
        {"kind": "repo-creds", "type": "helm", "url": f"{REGISTRY}/", "password": "theirs"},
    ],
)
def test_a_secret_that_was_there_before_is_shown_with_the_command_that_hands_it_over(
    theirs: dict[str, str], doctor: CommandLine, function: Function, objects: Objects
) -> None:
    create_secret(objects, "ecr-auth", **theirs)

    found = get_only_finding(doctor)
    objects.patch("secrets", {"metadata": {"annotations": {"argo-ecr-auth/take-over": "true"}}})
    function.run()

    assert found["finding"] == "not-ours"
    assert found["message"] == f"the Secret {objects.namespace}/ecr-auth was not written by argo-ecr-auth"
    assert found["remedy"].endswith(
        f": kubectl -n {objects.namespace} annotate secret ecr-auth argo-ecr-auth/take-over=true"
    )
    assert run_doctor(doctor) == (0, [])


@pytest.mark.parametrize("manager", ["attacker", "argo-ecr-auth"])
def test_keys_that_somebody_added_and_that_argo_cd_reads(
    manager: str, fresh: CommandLine, function: Function, objects: Objects
) -> None:
    added = {"proxy": "http://evil.example", "insecure": "true", "name": "theirs", "ours": "is not read"}
    data = {key: encode_base64(value) for key, value in added.items()}
    objects.patch("secrets", {"data": data}, manager=manager)

    found = get_only_finding(fresh)
    function.run()

    assert found["finding"] == "tampered"
    assert f": insecure, name, proxy, written by {manager} (Update) at 20" in found["message"]
    assert "argo-ecr-auth invoke demo" in found["remedy"]
    assert f"find out who may patch Secrets in the namespace {objects.namespace}" in found["remedy"]
    assert "evil" not in json.dumps(found)
    assert run_doctor(fresh) == (0, [])


def test_keys_of_earlier_settings_are_no_tampering(doctor: CommandLine, make_function_with: FunctionFactory) -> None:
    make_function_with({"registry": REGISTRY, "name": "ecr", "proxy": "http://proxy.example:3128"}).run()

    found = get_only_finding(doctor)

    assert found["finding"] == "stale-keys"
    assert ": name, proxy, written by argo-ecr-auth" in found["message"]
    assert found["remedy"] == "deploy these settings; the next run removes them"


def test_the_credentials_of_the_settings_that_let_the_token_leave(doctor: CommandLine, namespace: str) -> None:
    leaking = {
        "named": {"name": "ecr"},
        "prefix": {"name": "ecr", "url": f"{REGISTRY}/charts"},
        "of-project": {"name": "ecr", "project": "team"},
        "oci": {"type": "oci", "url": f"oci://{REGISTRY}/app", "name": "ecr"},
        "oci-nameless": {"type": "oci", "url": f"oci://{REGISTRY}/other"},
    }
    safe = {
        "nameless": {},
        "all": {"kind": "argo-cd"},
        "templates": {"kind": "repo-creds"},
        "team": {"kind": "repo-creds", "type": "helm", "url": f"{REGISTRY}/team"},
        "image": {"kind": "pull-secret"},
        "kargo": {"kind": "kargo"},
    }
    credentials = [
        {"registry": REGISTRY, "verify": "off", "secret_name": name, **keys} for name, keys in (leaking | safe).items()
    ]
    doctor.write_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials})

    found = find_by_secret(doctor, "token-may-leave")

    assert set(found) == set(leaking)
    for finding in found.values():
        assert (
            "Argo CD also sends its token to hosts that only look like the registry, for a chart" in finding["message"]
        )
        assert finding["remedy"].endswith(make_link("credentials", "migrating-to-kind-argo-cd"))


def test_a_template_as_an_earlier_version_wrote_it(
    doctor: CommandLine, objects: Objects, make_function_with: FunctionFactory
) -> None:
    """Without a slash after the host, it serves every host that begins with it."""
    credential = {"registry": REGISTRY, "kind": "repo-creds", "type": "helm", "verify": "off"}
    make_function_with(credential).run()
    doctor.write_settings({"cluster": "demo", "namespace": objects.namespace, "credentials": [credential]})
    before = run_doctor(doctor)
    objects.patch("secrets", {"data": {"url": encode_base64(REGISTRY)}})

    found = find_by_secret(doctor, "token-may-leave")

    assert before == (0, [])
    assert "ecr-auth is a template for more than its registry" in found["ecr-auth"]["message"]
    assert found["ecr-auth"]["remedy"] == "deploy these settings; the next run changes it"


def test_a_token_that_nobody_renews(fresh: CommandLine, objects: Objects) -> None:
    rewrite_expiry(objects, datetime.now(UTC) + timedelta(hours=1))

    found = {finding["finding"]: finding for finding in run_doctor(fresh)[1]}

    assert "until the token expires" in found["not-kept-fresh"]["message"]
    assert "argo-ecr-auth invoke demo" in found["not-kept-fresh"]["remedy"]


@pytest.fixture
def examine_with(
    make_function: FunctionFactory, make_function_with: FunctionFactory, operator: str, objects: Objects, tmp_path: Path
) -> Examine:
    """An examination in this process, with what the registry would answer to a login.

    `change` runs between the function and the examination.
    """

    def run(
        verification: Verification, *, change: Callable[[], object] = lambda: None, **credential: Any
    ) -> tuple[list[Finding], Asked]:
        asked: Asked = []

        def prove(host: str, token: AuthorizationToken, *, repository: str | None = None) -> Verification:
            asked.append((host, token, repository))
            return verification

        written = {"registry": REGISTRY, **credential}
        function = make_function_with(written)
        function.run()
        change()
        make_function(function.settings, role=operator)
        target = {"cluster": "demo", "namespace": objects.namespace, "credentials": [written]}
        (context,) = make_check_contexts(tmp_path, {"targets": [target]}, verify_login=prove)
        findings = list_findings(examine(context))
        return [
            finding for finding in findings if finding.name != "leftover" and "access entry" not in finding.message
        ], asked

    return run


def test_a_token_that_does_not_log_in(examine_with: Examine, objects: Objects) -> None:
    found, ((host, token, repository),) = examine_with(Verification(login=Login.REFUSED, reason="refused"))

    assert [(finding.name, finding.remedy) for finding in found] == [
        ("token-refused", "argo-ecr-auth invoke --force demo")
    ]
    assert (host, token.password, repository) == (REGISTRY, objects.password, None)
    assert objects.password not in json.dumps([finding.as_dict() for finding in found])


def test_missing_pull_permissions(examine_with: Examine) -> None:
    verification = Verification(login=Login.ACCEPTED, reason="it cannot list charts/app")

    found, ((_, _, repository),) = examine_with(verification, verify_repository="charts/app")

    assert [finding.name for finding in found] == ["no-pull-permission"]
    assert "charts/app" in found[0].message
    assert repository == "charts/app"


def test_every_password_of_a_pull_secret_is_tried(examine_with: Examine) -> None:
    europe = REGISTRY.replace("us-east-1", "eu-west-1")

    found, asked = examine_with(Verification(login=Login.REFUSED), registry=[REGISTRY, europe], kind="pull-secret")

    assert [finding.name for finding in found] == ["token-refused"] * 2
    assert [host for host, _, _ in asked] == [REGISTRY, europe]


def test_a_host_that_somebody_added_to_a_pull_secret_is_not_asked(examine_with: Examine, objects: Objects) -> None:
    def add_host() -> None:
        written = json.loads(objects.payload)
        text = json.dumps({"auths": {"evil.example": written["auths"][REGISTRY], **written["auths"]}})
        objects.patch("secrets", {"data": {".dockerconfigjson": encode_base64(text)}})

    _, asked = examine_with(
        Verification(login=Login.ACCEPTED), change=add_host, registry=[REGISTRY], kind="pull-secret"
    )

    assert [host for host, _, _ in asked] == [REGISTRY]


def test_a_registry_that_does_not_answer_is_neither_well_nor_wrong(examine_with: Examine) -> None:
    found, _ = examine_with(Verification(login=Login.INCONCLUSIVE, reason="does not answer"))

    assert [(finding.name, finding.not_checked) for finding in found] == [("not-checked", True)]


def test_two_installations_that_keep_one_secret_are_named_by_the_roles_id(
    fresh: CommandLine, objects: Objects, role: str, local_cloud: LocalCloud
) -> None:
    """Each writes over the other; both write as one field manager."""
    own = local_cloud.client("iam").get_role(RoleName=role.rpartition("/")[2])["Role"]["RoleId"]

    rewrite_source(objects, f"{REGISTRY} as the function {own}")
    before = run_doctor(fresh)[1]
    rewrite_source(objects, f"{REGISTRY} as the function AROAANOTHER")
    found = get_only_finding(fresh)

    assert before == []
    assert found["finding"] == "other-installation"
    assert "by the role AROAANOTHER" in found["message"]
    assert own in found["message"]
    assert "secret_name of its own" in found["remedy"]
