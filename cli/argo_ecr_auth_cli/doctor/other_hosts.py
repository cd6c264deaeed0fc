"""Checks whether Argo CD could send a registry's token to hosts that only look like the registry.

It compares the repositories of a request with a chart's dependencies by the beginning of the text, in both directions.
Among them are those of type helm that have a name, and those of type oci (argo-cd, getHelmRepos in
reposerver/repository/repository.go and util/db/helmrepository.go). A credential template serves every URL that begins
with its own.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.manifests import NO_TOKEN, Manifest, list_foreign_keys, make_secret_manifest
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.doctor.argo_cd_secrets import (
    ArgoCdSecret,
    find_templates,
    is_in_registry,
    read_argo_cd_secret,
)
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check
from argo_ecr_auth_settings.warnings import MIGRATION, NAMED, OCI, SAFE_SETTING, USE_SAFE_SETTING, Risk

_NAME: Final = "token-may-leave"
_OPEN_TEMPLATE = Risk(
    what="a template for more than its registry: its URL has no slash after the host",
    when="for an Application or a chart that names such a host",
)


@check("credential", "its settings keep the token with the registry")
def check_own_secret(context: CheckContext, credential: Credential, secret: Manifest | None) -> Iterator[Finding]:
    """A credential of the settings that lets the token leave, or its Secret, which is not yet as they have it."""
    if not KINDS[credential.kind].for_argo_cd:
        return
    desired = make_secret_manifest(credential, NO_TOKEN)
    host, name = credential.registries[0].host, f"{credential.namespace}/{credential.secret_name}"
    if risk := _find_risk(desired, host):
        yield context.report(
            _NAME,
            f"{name} is {risk.what}: {risk.describe('its token')}",
            remedy=USE_SAFE_SETTING,
            namespace=credential.namespace,
        )
    # Keys that the settings do not have are reported as such.
    elif secret and (risk := _find_risk(_without_keys(secret, list_foreign_keys(secret, desired)), host)):
        yield context.report(
            _NAME,
            f"{name} is {risk.what}, which these settings do not make it: {risk.describe('its token')}",
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
    risk = next((risk for host in hosts if (risk := _classify(secret, host))), None)
    if risk is None:
        return
    whose = "its password"
    if not secret.has_credentials:
        templates = [template for template in find_templates(namespace, secret.url) if template.has_credentials]
        if secret.kind == "repo-creds" or not templates:
            return  # there is nothing to send
        whose = f"the password that it takes from {' or '.join(map(str, templates))}"
    yield context.report(
        _NAME,
        f"{secret} is {risk.what}: {risk.describe(whose)}",
        remedy=_advise(secret, risk, is_managed=is_managed, is_shadowing=is_shadowing),
        namespace=secret.namespace,
    )


def _find_risk(manifest: Manifest, host: str) -> Risk | None:
    return _classify(read_argo_cd_secret(manifest), host)


def _classify(secret: ArgoCdSecret, host: str) -> Risk | None:
    place = secret.url.removeprefix("oci://")
    if secret.kind == "repo-creds":
        return _OPEN_TEMPLATE if place and host.startswith(place) else None
    if secret.kind != "repository" or not is_in_registry(secret.url, host):
        return None
    if secret.type == "oci":
        return OCI
    return NAMED if secret.type == "helm" and secret.is_named else None


def _advise(secret: ArgoCdSecret, risk: Risk, *, is_managed: bool, is_shadowing: bool) -> str:
    kubectl = f"kubectl -n {secret.namespace}"
    if is_managed:
        return (
            f"use {SAFE_SETTING} in the settings of what renews it ({MIGRATION}), or if nothing needs it: "
            f"{kubectl} delete secret,configmap {secret.name}"
        )
    if risk is NAMED and not is_shadowing:
        patch = '[{"op": "remove", "path": "/data/name"}]'
        return (
            f"remove its name, also where it is written from: {kubectl} patch secret {secret.name} --type=json "
            f"--patch='{patch}'"
        )
    instead = {
        NAMED: "",
        OCI: f"; {SAFE_SETTING} serves oci:// URLs without it",
        _OPEN_TEMPLATE: "; otherwise end its url in a slash after the host",
    }[risk]
    return f"if nothing else needs it: {kubectl} delete secret {secret.name}{instead}"


def _without_keys(manifest: Manifest, keys: Sequence[str]) -> Manifest:
    data = {key: value for key, value in (manifest.get("data") or {}).items() if key not in keys}
    return {**manifest, "data": data}
