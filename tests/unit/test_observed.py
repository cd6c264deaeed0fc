"""What is there and not ours to write to is refused, with the reason."""

from collections.abc import Callable
from typing import Any

import pytest

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.observed import ObservedState, refuse_foreign_objects
from tests.unit.builders import (
    HOST,
    KINDS,
    OTHER_HOST,
    PASSWORD,
    b64,
    config_map_there,
    credential,
    edited,
    secret_there,
    there,
    with_config_map,
    with_secret,
)

OWNERS = [{"kind": "ExternalSecret", "name": "ecr"}, {"kind": "Deployment", "name": "app"}]


@pytest.mark.parametrize(
    "observed",
    [
        there(),
        ObservedState(secret=None, config_map=None),
        with_secret("metadata", "ownerReferences", to=[]),
        with_secret("metadata", "ownerReferences", to=None),
        with_secret("metadata", "labels", to=None),
        with_secret("metadata", "annotations", to=None),
        with_secret("metadata", "labels", "app.kubernetes.io/managed-by", to="Helm"),
        with_secret("immutable", to=False),
        with_config_map("immutable", to=False),
    ],
)
def test_what_nothing_else_owns_is_ours(observed: ObservedState) -> None:
    refuse_foreign_objects(observed, credential())


@pytest.mark.parametrize(
    ("change", "what"),
    [(with_secret, "Secret"), (with_config_map, "ConfigMap")],
    ids=["Secret", "ConfigMap"],
)
@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (
            ("metadata", "ownerReferences"),
            OWNERS,
            "belongs to ExternalSecret ecr, Deployment app; remove it there, or choose another secret_name",
        ),
        (
            ("metadata", "labels", "reconcile.external-secrets.io/managed"),
            "true",
            "belongs to External Secrets; remove it there, or choose another secret_name",
        ),
        (
            ("metadata", "annotations", "reconcile.external-secrets.io/data-hash"),
            "1f",
            "belongs to External Secrets; remove it there, or choose another secret_name",
        ),
        (("immutable",), True, "is immutable; delete it, and the next run recreates it"),
    ],
)
def test_what_is_not_ours_to_write_is_refused_with_the_reason(
    change: Callable[..., ObservedState], what: str, path: tuple[str, ...], value: object, why: str
) -> None:
    with pytest.raises(SyncError) as refused:
        refuse_foreign_objects(change(*path, to=value), credential())
    assert str(refused.value) == f"the {what} argocd/ecr-auth {why}"


@pytest.mark.parametrize(
    ("observed", "wanted", "needed"),
    [
        (with_secret("type", to="kubernetes.io/basic-auth"), "repository-helm", "Opaque"),
        (there(of=KINDS["repo-creds-oci"]), "pull-secret", "kubernetes.io/dockerconfigjson"),
        (there(of=KINDS["pull-secret"]), "repo-creds-helm", "Opaque"),
    ],
    ids=["another type", "to a pull-secret", "from a pull-secret"],
)
def test_a_secret_of_another_type_is_refused_with_the_type_that_the_kind_needs(
    observed: ObservedState, wanted: str, needed: str
) -> None:
    with pytest.raises(SyncError) as refused:
        refuse_foreign_objects(observed, KINDS[wanted])
    assert str(refused.value) == (
        f"the Secret argocd/ecr-auth is not of the type {needed}, and its type cannot be changed; delete it, or choose "
        "another secret_name"
    )


def _foreign(kind: str, *, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    """An object of somebody else's."""
    metadata = {"namespace": "argocd", "name": "ecr-auth", "labels": labels or {}, "annotations": {}}
    encoded = {key: b64(value) if kind == "Secret" else value for key, value in data.items()}
    return {"kind": kind, "metadata": metadata, "data": encoded, "type": "Opaque"}


TAKE_OVER = ("metadata", "annotations", "argo-ecr-auth/take-over")
ARGO_CD = {"argocd.argoproj.io/secret-type": "repository"}
FOREIGN = {
    "a password": _foreign("Secret", username="admin", password="the only copy"),
    "a git repository": _foreign("Secret", labels=ARGO_CD, type="git", url="https://github.com/team/app"),
    "a chart repository": _foreign("Secret", labels=ARGO_CD, type="helm", url="https://charts.example.org"),
    "another registry": _foreign("Secret", labels=ARGO_CD, type="helm", url=OTHER_HOST),
    "a host that looks like it": _foreign("Secret", labels=ARGO_CD, type="helm", url=f"{HOST}.example.org"),
    "without the label": _foreign("Secret", type="helm", url=HOST),
    "a URL that is no text": {**_foreign("Secret", labels=ARGO_CD, type="helm"), "data": {"url": "/w=="}},
    "no data": {**_foreign("Secret"), "data": None},
    "no plain yes": edited(_foreign("Secret"), *TAKE_OVER, to="yes"),
}


@pytest.mark.parametrize("secret", FOREIGN.values(), ids=FOREIGN)
def test_somebody_elses_secret_is_refused_with_the_command_that_hands_it_over(secret: dict[str, Any]) -> None:
    with pytest.raises(SyncError) as refused:
        refuse_foreign_objects(ObservedState(secret=secret, config_map=None), credential())
    assert str(refused.value) == (
        "the Secret argocd/ecr-auth was not written by argo-ecr-auth; choose another secret_name, or hand it over: "
        "kubectl -n argocd annotate secret ecr-auth argo-ecr-auth/take-over=true"
    )


def test_somebody_elses_config_map_is_refused() -> None:
    with pytest.raises(SyncError, match="the ConfigMap argocd/ecr-auth was not written by argo-ecr-auth"):
        refuse_foreign_objects(ObservedState(secret=None, config_map=_foreign("ConfigMap", name="app")), credential())


@pytest.mark.parametrize(
    "observed",
    [
        ObservedState(secret=edited(FOREIGN["a password"], *TAKE_OVER, to="true"), config_map=None),
        ObservedState(secret=None, config_map=edited(_foreign("ConfigMap", name="app"), *TAKE_OVER, to="true")),
        ObservedState(secret=FOREIGN["a password"], config_map=config_map_there()),
        ObservedState(secret=secret_there(), config_map=_foreign("ConfigMap", name="app")),
        ObservedState(secret=_foreign("Secret", labels=ARGO_CD, type="helm", url=HOST), config_map=None),
        ObservedState(secret=_foreign("Secret", labels=ARGO_CD, type="helm", url=f"{HOST}/charts"), config_map=None),
        ObservedState(
            secret=None, config_map=_foreign("ConfigMap", labels={"argo-ecr-auth": "managed-resource"}, name=HOST)
        ),
    ],
    ids=["Secret handed over", "ConfigMap handed over", "our ConfigMap", "our Secret", "original", "prefix", "label"],
)
def test_what_is_recognizably_ours_is_taken_over(observed: ObservedState) -> None:
    refuse_foreign_objects(observed, credential())


def test_a_reading_does_not_show_the_password() -> None:
    assert b64(PASSWORD) not in repr(there())
