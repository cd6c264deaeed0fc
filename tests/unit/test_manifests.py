"""The two objects of each kind, exactly as their readers and the original tool know them."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from argo_ecr_auth.core.authorization_token import AuthorizationToken, parse_authorization_token
from argo_ecr_auth.core.manifests import (
    Payload,
    describe_source,
    make_config_map_manifest,
    make_payload,
    make_secret_manifest,
    read_tokens,
)
from argo_ecr_auth.core.targets import Credential, Role
from tests.unit.builders import (
    EACH_KIND,
    HOST,
    KINDS,
    NOW,
    OTHER_HOST,
    PASSWORD,
    b64,
    credential,
    payload,
    pull_secret,
    token,
)

ENDS = datetime(2026, 11, 24, 4, 55, 22, 999_999, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/reader"
AUTH = b64(f"AWS:{PASSWORD}")


def _argo_cd(kind: str, **data: str) -> tuple[str, dict[str, str], dict[str, str]]:
    login = {"enableOCI": "true", "username": "AWS", "password": PASSWORD}
    return "Opaque", {"argocd.argoproj.io/secret-type": kind}, data | login


def _kargo(kind: str) -> tuple[str, dict[str, str], dict[str, str]]:
    url = r"^(oci://)?123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com/"
    data = {"repoURL": url, "repoURLIsRegex": "true", "username": "AWS", "password": PASSWORD}
    return "Opaque", {"kargo.akuity.io/cred-type": kind}, data


def _docker(*hosts: str) -> tuple[str, dict[str, str], dict[str, str]]:
    auths = ",".join(f'"{host}":{{"auth":"{AUTH}"}}' for host in hosts)
    return "kubernetes.io/dockerconfigjson", {}, {".dockerconfigjson": f'{{"auths":{{{auths}}}}}'}


# The type, the labels, and the data, decoded.
SECRETS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "repository-helm": _argo_cd("repository", url=HOST, name="ecr", type="helm"),
    "repository-nameless": _argo_cd("repository", url=HOST, type="helm"),
    "repository-oci": _argo_cd("repository", url=f"oci://{HOST}/charts/app", name="ecr", type="oci", project="team-a"),
    "repo-creds-helm": _argo_cd("repo-creds", url=f"{HOST}/", type="helm"),
    "repo-creds-oci": _argo_cd("repo-creds", url=f"oci://{HOST}/", type="oci"),
    "kargo-image": _kargo("image"),
    "kargo-helm": _kargo("helm"),
    "pull-secret": _docker(HOST),
    "pull-secret-of-two": _docker(HOST, OTHER_HOST),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_secret_has_the_shape_that_its_readers_know(kind: str) -> None:
    secret_type, labels, data = SECRETS[kind]
    manifest = make_secret_manifest(KINDS[kind], payload(of=KINDS[kind]))
    decoded = {key: base64.b64decode(value, validate=True).decode() for key, value in manifest["data"].items()}
    assert {**manifest, "data": decoded} == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": "argocd", "name": "ecr-auth", "labels": labels},
        "type": secret_type,
        "data": data,
    }


@pytest.mark.parametrize(
    ("of", "hosts"),
    [pytest.param(of, f"{HOST},{OTHER_HOST}" if kind == "pull-secret-of-two" else HOST, id=kind)
     for kind, of in KINDS.items()],
)  # fmt: skip
def test_the_config_map_has_the_shape_of_the_original_tool(of: Credential, hosts: str) -> None:
    written = replace(payload(of=of), text="what is secret", expires_at=ENDS)
    assert make_config_map_manifest(of, written) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": "argocd",
            "name": "ecr-auth",
            "labels": {"argo-ecr-auth": "managed-resource"},
            "annotations": {
                "argo-ecr-auth/fingerprint": written.fingerprint,
                "argo-ecr-auth/lifetime-seconds": "43200",
                "argo-ecr-auth/token-source": f"{hosts} as the function",
            },
        },
        "data": {"expireyTime": "2026-11-24T04:55:22Z", "name": hosts},
    }


@EACH_KIND
def test_neither_the_encoding_nor_an_auth_has_line_breaks_however_long_the_token(of: Credential) -> None:
    written = payload(of=of, password="x" * 5000)
    values = make_secret_manifest(of, written)["data"].values()
    assert [value for value in (*values, written.text) if "\n" in value or "\\n" in value] == []


@EACH_KIND
def test_both_objects_are_at_the_place_of_the_credential(of: Credential) -> None:
    moved = credential(namespace="team-a", secret_name="other", kind=of.kind)
    made = [make(moved, payload())["metadata"] for make in (make_secret_manifest, make_config_map_manifest)]
    assert [(metadata["namespace"], metadata["name"]) for metadata in made] == [("team-a", "other")] * 2


@EACH_KIND
def test_neither_the_config_map_nor_a_shown_payload_holds_what_is_secret(of: Credential) -> None:
    written = payload(of=of)
    shown = repr((make_config_map_manifest(of, written), written))
    assert [text for text in (PASSWORD, b64(PASSWORD), AUTH, b64(written.text)) if text in shown] == []


def test_the_expiry_is_written_in_utc_wherever_the_code_runs() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))  # botocore answers in the machine's own zone (tzlocal)
    written = _payload(credential(), [parse_authorization_token(b64("AWS:x"), expires_at=tokyo)])
    assert make_config_map_manifest(credential(), written)["data"]["expireyTime"] == "2026-11-23T20:00:00Z"


def _payload(of: Credential, tokens: list[AuthorizationToken]) -> Payload:
    return make_payload(of, dict(zip(of.registries, tokens, strict=True)), now=NOW)


@pytest.mark.parametrize("hosts", [(HOST, OTHER_HOST), ("public.ecr.aws", HOST)])
def test_each_registry_of_a_pull_secret_has_its_own_token_in_the_order_of_the_settings(hosts: tuple[str, str]) -> None:
    of = pull_secret(*hosts)
    auths = json.loads(_payload(of, [token(password=password) for password in ("one", "two")]).text)["auths"]
    assert list(auths.items()) == [
        (host, {"auth": b64(f"AWS:{password}")}) for host, password in zip(hosts, ("one", "two"), strict=True)
    ]


@pytest.mark.parametrize("hours", [(3, 11), (11, 3)], ids=["first", "last"])
def test_of_several_tokens_the_earliest_expiry_counts(hours: tuple[int, int]) -> None:
    tokens = [token(left=timedelta(hours=left)) for left in hours]
    assert _payload(pull_secret(HOST, OTHER_HOST), tokens).expires_at == NOW + timedelta(hours=3)


def test_a_tokens_source_names_the_role_that_asks_and_not_its_external_id() -> None:
    assert describe_source(credential(role=Role(arn=ROLE, external_id="who"))) == f"{HOST} as {ROLE}"


def test_a_payload_that_was_refused_is_marked() -> None:
    annotations = make_config_map_manifest(credential(), payload(refused=True))["metadata"]["annotations"]
    assert annotations["argo-ecr-auth/verified"] == "false"


PAYLOAD = payload()


@pytest.mark.parametrize(
    "other",
    [
        replace(PAYLOAD, text="other"),
        replace(PAYLOAD, expires_at=PAYLOAD.expires_at + timedelta(seconds=1)),
        replace(PAYLOAD, source="other"),
        replace(PAYLOAD, refused=True),
        # The parts run together would be the same.
        replace(PAYLOAD, text=f"{PAYLOAD.text}2026", source=PAYLOAD.source[4:]),
    ],
)
def test_a_fingerprint_changes_with_each_part_of_a_payload(other: Payload) -> None:
    assert other.fingerprint != PAYLOAD.fingerprint


def test_a_fingerprint_is_the_same_in_every_environment() -> None:
    # Pinned: another value would have every credential written again after an update.
    assert PAYLOAD.fingerprint == "sha256:82c5ac331f6ef0ac71c488ab87e99655"


_TWO = pull_secret(HOST, OTHER_HOST)


@pytest.mark.parametrize(
    ("auths", "kept"),
    [
        ({OTHER_HOST: {"auth": "older"}}, {OTHER_HOST: "older"}),
        ({OTHER_HOST: {"auth": "older", "email": "somebodys"}}, {OTHER_HOST: "older"}),
        ({HOST: {"auth": "older"}, OTHER_HOST: {"auth": "older"}}, {OTHER_HOST: "older"}),
        ({"registry.example.com": {"auth": "older"}}, {}),
        ({OTHER_HOST: {"auth": None}}, {}),
        ({OTHER_HOST: "older"}, {}),
        (["no mapping"], {}),
        (None, {}),
    ],
)
def test_a_registry_that_gave_no_token_keeps_the_login_that_the_secret_has(auths: Any, kept: dict[str, str]) -> None:
    found = json.dumps({"auths": auths})
    new = make_payload(_TWO, {_TWO.registries[0]: token()}, now=NOW, found=found)
    assert {host: entry["auth"] for host, entry in json.loads(new.text)["auths"].items()} == {HOST: AUTH, **kept}


@pytest.mark.parametrize("text", ["", "no JSON", "[" * 100_000, "7"])
def test_a_secret_of_another_shape_gives_no_login(text: str) -> None:
    tokens = {_TWO.registries[0]: token()}
    assert make_payload(_TWO, tokens, now=NOW, found=text) == make_payload(_TWO, tokens, now=NOW)


@pytest.mark.parametrize("of", [credential(), _TWO], ids=["password", "docker configuration"])
def test_the_tokens_of_a_payload_can_be_read_from_it(of: Credential) -> None:
    assert read_tokens(payload(of=of), of) == dict.fromkeys(of.registries, token())


@pytest.mark.parametrize("text", ["", "no JSON", '{"auths":{"x":{"auth":"y"}}}'])
def test_a_payload_of_another_shape_holds_no_tokens(text: str) -> None:
    assert read_tokens(replace(payload(of=_TWO), text=text), _TWO) == {}
