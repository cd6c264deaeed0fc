"""Checks for other Secrets that Argo CD may use instead of ours, or whose password it may send elsewhere."""

from collections.abc import Iterator, Sequence

from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.doctor.argo_cd_secrets import ArgoCdSecret, list_argo_cd_secrets
from argo_ecr_auth_cli.doctor.argo_cd_urls import normalize_url
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check
from argo_ecr_auth_cli.doctor.managed_objects import is_fresh, list_managed_objects
from argo_ecr_auth_cli.doctor.other_hosts import check_others_secret


@check("Argo CD", "it uses our Secrets, and no Secret sends a token elsewhere")
def check_argo_cd(context: CheckContext, server: ApiServer) -> Iterator[Finding]:
    """Secrets of others that shadow ours or send a password to other hosts, and several for one URL."""
    credentials = [credential for credential in context.target.credentials if KINDS[credential.kind].for_argo_cd]
    managed = list_managed_objects(context, server)
    for namespace in sorted({credential.namespace for credential in credentials}):
        secrets = list_argo_cd_secrets(server, namespace)
        ours = [credential for credential in credentials if credential.namespace == namespace]
        hosts = sorted({credential.registries[0].host for credential in ours})
        shadowing = set()
        for secret in secrets:
            if secret.place in context.ours:
                continue
            # Another installation's is as good as ours while it is kept fresh.
            if not is_fresh(managed.get(secret.place), now=context.shared.now):
                for finding in (found for credential in ours for found in check_shadowing(context, credential, secret)):
                    shadowing.add(secret.place)
                    yield finding
            yield from check_others_secret(
                context,
                secret,
                namespace=secrets,
                hosts=hosts,
                is_managed=secret.place in managed,
                is_shadowing=secret.place in shadowing,
            )
        yield from check_duplicates(
            context, [secret for secret in secrets if secret.place not in shadowing and not secret.has_own_login]
        )


def check_shadowing(context: CheckContext, credential: Credential, secret: ArgoCdSecret) -> Iterator[Finding]:
    """Another Secret that Argo CD would use instead of this credential's."""
    url = normalize_url(credential.url or "")
    if secret.has_own_login:
        shadows = False
    elif credential.kind == "repository":
        shadows = (
            secret.kind == "repository"
            and secret.url == url
            # For a project's Applications, a Secret with the project goes before one without.
            and (credential.project is None or secret.project == credential.project)
        )
    else:
        shadows = secret.url.startswith(url) and (secret.kind == "repo-creds" or secret.has_credentials)
    if shadows:
        yield context.report(
            "shadowed",
            f"Argo CD may use {secret} for {secret.url} instead of "
            f"{credential.namespace}/{credential.secret_name}, and nobody renews its password",
            remedy=f"if nothing else needs it: kubectl -n {secret.namespace} delete secret {secret.name}",
        )


def check_duplicates(context: CheckContext, secrets: Sequence[ArgoCdSecret]) -> Iterator[Finding]:
    """Several Secrets of one kind for one URL and project, whoever wrote them: Argo CD may use any of them."""
    groups: dict[tuple[str, str, str], list[ArgoCdSecret]] = {}
    for secret in secrets:
        groups.setdefault((secret.kind, secret.url, secret.project), []).append(secret)
    for group in (group for group in groups.values() if len(group) > 1):
        names = " and ".join(f"{secret.namespace}/{secret.name}" for secret in group)
        project = f" in the project {group[0].project}" if group[0].project else ""
        yield context.report(
            "duplicate",
            f"{names} are both a {group[0].kind} for {group[0].url}{project}: Argo CD may use any of them",
            remedy=f"keep one: kubectl -n {group[0].namespace} delete secret NAME, for the others",
            namespace=group[0].namespace,
        )
