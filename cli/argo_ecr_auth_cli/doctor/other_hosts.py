"""Checks whether Argo CD could send a registry's token to hosts that only look like the registry.

It compares the repositories of a request with a chart's dependencies by the beginning of the text, in both directions.
Among them are those of type helm that have a name, and those of type oci (argo-cd, getHelmRepos in
reposerver/repository/repository.go and util/db/helmrepository.go). A credential template serves every URL that begins
with its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from argo_ecr_auth.core.manifests import NO_TOKEN, Manifest, list_foreign_keys, make_secret_manifest
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.doctor.argo_cd_secrets import (
    ArgoCdSecret,
    find_templates,
    is_in_registry,
    read_argo_cd_secret,
)
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding
from argo_ecr_auth_settings.warnings import SAFE_SETTING

_NAME = "token-may-leave"
_PAGE = "docs/credentials.md"


@dataclass(frozen=True, kw_only=True)
class _Leak:
    """What lets a token leave, and for what Argo CD would send it."""

    cause: str
    when: str


_NAMED = _Leak(cause="a repository with a name", when="for a chart in git that depends on such a host")
_OCI = _Leak(cause="a repository of type oci", when="for a chart that depends on such a host")
_OPEN_TEMPLATE = _Leak(
    cause="a template for more than its registry: its URL has no slash after the host",
    when="for an Application or a chart that names such a host",
)


def check_own_secret(context: CheckContext, credential: Credential, secret: Manifest | None) -> Iterator[Finding]:
    """A credential of the settings that lets the token leave, or its Secret, which is not yet as they have it."""
    if credential.kind == "pull-secret":
        return
    desired = make_secret_manifest(credential, NO_TOKEN)
    host, name = credential.registries[0].host, f"{credential.namespace}/{credential.secret_name}"
    if leak := _find_leak(desired, host):
        yield context.report(
            _NAME,
            f"{name} is {leak.cause}: {_describe(leak, 'its token')}",
            remedy=f"use {SAFE_SETTING} for the registry instead; {_PAGE} says how to change over",
            namespace=credential.namespace,
        )
    # Keys that the settings do not have are reported as such.
    elif secret and (leak := _find_leak(_without_keys(secret, list_foreign_keys(secret, desired)), host)):
        yield context.report(
            _NAME,
            f"{name} is {leak.cause}, which these settings do not make it: {_describe(leak, 'its token')}",
            remedy="deploy these settings; the next run changes it",
            namespace=credential.namespace,
        )


def check_others_secret(
    context: CheckContext,
    secret: ArgoCdSecret,
    *,
    namespace: Sequence[ArgoCdSecret],
    hosts: Sequence[str],
    is_managed: bool,
    is_shadowing: bool,
) -> Iterator[Finding]:
    """A Secret of somebody else's that lets its own credentials leave, or those that it takes from a template.

    `namespace` has all Secrets of its namespace. `is_managed`: something renews it, which these settings do not name.
    `is_shadowing`: it is reported as such, with the command that deletes it.
    """
    leak = next((leak for host in hosts if (leak := _classify(secret, host))), None)
    if leak is None:
        return
    whose = "its password"
    if not secret.has_credentials:
        templates = [template for template in find_templates(namespace, secret.url) if template.has_credentials]
        if secret.kind == "repo-creds" or not templates:
            return  # there is nothing to send
        whose = f"the password that it takes from {' or '.join(map(str, templates))}"
    yield context.report(
        _NAME,
        f"{secret} is {leak.cause}: {_describe(leak, whose)}",
        remedy=_advise(secret, leak, is_managed=is_managed, is_shadowing=is_shadowing),
        namespace=secret.namespace,
    )


def _find_leak(manifest: Manifest, host: str) -> _Leak | None:
    return _classify(read_argo_cd_secret(manifest), host)


def _classify(secret: ArgoCdSecret, host: str) -> _Leak | None:
    place = secret.url.removeprefix("oci://")
    if secret.kind == "repo-creds":
        return _OPEN_TEMPLATE if place and host.startswith(place) else None
    if secret.kind != "repository" or not is_in_registry(secret.url, host):
        return None
    if secret.type == "oci":
        return _OCI
    return _NAMED if secret.type == "helm" and secret.is_named else None


def _describe(leak: _Leak, whose: str) -> str:
    return f"Argo CD sends {whose} also to hosts that only look like the registry, {leak.when}"


def _advise(secret: ArgoCdSecret, leak: _Leak, *, is_managed: bool, is_shadowing: bool) -> str:
    kubectl = f"kubectl -n {secret.namespace}"
    if is_managed:
        return (
            f"use {SAFE_SETTING} in the settings of what renews it ({_PAGE}), or if nothing needs it: "
            f"{kubectl} delete secret,configmap {secret.name}"
        )
    if leak is _NAMED and not is_shadowing:
        patch = '[{"op": "remove", "path": "/data/name"}]'
        return (
            f"remove its name, also where it is written from: {kubectl} patch secret {secret.name} --type=json "
            f"--patch='{patch}'"
        )
    instead = {
        _NAMED: "",
        _OCI: f"; {SAFE_SETTING} serves oci:// URLs without it",
        _OPEN_TEMPLATE: "; otherwise let its url end in a slash after the host",
    }[leak]
    return f"if nothing else needs it: {kubectl} delete secret {secret.name}{instead}"


def _without_keys(manifest: Manifest, keys: Sequence[str]) -> Manifest:
    data = {key: value for key, value in (manifest.get("data") or {}).items() if key not in keys}
    return {**manifest, "data": data}
