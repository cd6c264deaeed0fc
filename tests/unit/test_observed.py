"""What is there and not ours to write to is refused, with the reason."""

from collections.abc import Callable
from typing import Any

import pytest

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.observed import ObservedState, refuse_foreign_objects
from argo_ecr_auth.core.targets import Credential
from tests.unit.builders import KINDS, PASSWORD, b64, config_map_there, credential, edited, secret_there, there


def _secret(*path: str, to: Any) -> ObservedState:
    return ObservedState(secret=edited(secret_there(), *path, to=to), config_map=config_map_there())


def _config_map(*path: str, to: Any) -> ObservedState:
    return ObservedState(secret=secret_there(), config_map=edited(config_map_there(), *path, to=to))


OWNED = [{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "ecr", "uid": "1"}]


@pytest.mark.parametrize(
    "observed",
    [
        there(),
        ObservedState(secret=None, config_map=None),
        _secret("metadata", "ownerReferences", to=[]),
        _secret("metadata", "labels", to=None),
        _secret("metadata", "annotations", to=None),
        _secret("metadata", "labels", "app.kubernetes.io/managed-by", to="Helm"),
        _secret("immutable", to=False),
        _config_map("immutable", to=False),
    ],
)
def test_what_nothing_else_owns_is_ours(observed: ObservedState) -> None:
    refuse_foreign_objects(observed, credential())


@pytest.mark.parametrize("of", KINDS.values(), ids=KINDS)
def test_what_was_written_is_ours_whatever_its_kind(of: Credential) -> None:
    refuse_foreign_objects(there(of=of), of)


@pytest.mark.parametrize(
    ("change", "what"),
    [(_secret, "Secret"), (_config_map, "ConfigMap")],
    ids=["Secret", "ConfigMap"],
)
@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (
            ("metadata", "ownerReferences"),
            OWNED,
            "belongs to ExternalSecret ecr: remove it there, or choose another secret_name",
        ),
        (
            ("metadata", "labels", "reconcile.external-secrets.io/managed"),
            "true",
            "belongs to External Secrets: remove it there, or choose another secret_name",
        ),
        (
            ("metadata", "annotations", "reconcile.external-secrets.io/data-hash"),
            "1f",
            "belongs to External Secrets: remove it there, or choose another secret_name",
        ),
        (("immutable",), True, "is immutable: delete it, and the next run creates it again"),
    ],
)
def test_what_is_not_ours_to_write_is_refused_with_the_reason(
    change: Callable[..., ObservedState], what: str, path: tuple[str, ...], value: object, why: str
) -> None:
    with pytest.raises(SyncError) as refused:
        refuse_foreign_objects(change(*path, to=value), credential())
    assert str(refused.value) == f"the {what} argocd/ecr-auth {why}"


@pytest.mark.parametrize("kind", ["kubernetes.io/dockerconfigjson", "kubernetes.io/basic-auth"])
def test_a_secret_of_another_type_is_refused_with_its_type(kind: str) -> None:
    with pytest.raises(SyncError) as refused:
        refuse_foreign_objects(_secret("type", to=kind), credential())
    assert str(refused.value) == (
        f"the Secret argocd/ecr-auth has the type {kind}, which cannot be changed: delete it, or choose another "
        "secret_name"
    )


@pytest.mark.parametrize(
    ("written", "wanted", "found"),
    [
        ("repository-helm", "pull-secret", "Opaque"),
        ("repo-creds-oci", "pull-secret", "Opaque"),
        ("pull-secret", "repository-helm", "kubernetes.io/dockerconfigjson"),
        ("pull-secret", "repo-creds-helm", "kubernetes.io/dockerconfigjson"),
    ],
)
def test_a_kind_that_needs_another_type_is_refused_with_the_type_that_is_there(
    written: str, wanted: str, found: str
) -> None:
    with pytest.raises(SyncError, match=f"the Secret argocd/ecr-auth has the type {found}, which cannot be changed"):
        refuse_foreign_objects(there(of=KINDS[written]), KINDS[wanted])


def test_every_owner_is_named() -> None:
    owners = [{"kind": "ExternalSecret", "name": "a"}, {"kind": "Deployment", "name": "b"}]
    with pytest.raises(SyncError, match="belongs to ExternalSecret a, Deployment b:"):
        refuse_foreign_objects(_secret("metadata", "ownerReferences", to=owners), credential())


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(SyncError) as refused:
        refuse_foreign_objects(_secret("type", to="kubernetes.io/basic-auth"), credential())
    assert b64(PASSWORD) not in str(refused.value)
