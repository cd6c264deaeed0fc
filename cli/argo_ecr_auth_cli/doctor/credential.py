"""Checks the objects of a credential: whether they are fresh, who else writes them, and whether the token logs in."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from argo_ecr_auth.core.authorization_token import AuthorizationToken, MalformedTokenError, parse_authorization_token
from argo_ecr_auth.core.diff import find_foreign_keys
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.managed_fields import Writer, read_writers
from argo_ecr_auth.core.manifests import (
    FIELD_MANAGER,
    NO_TOKEN,
    SOURCE_ANNOTATION,
    Manifest,
    make_config_map_manifest,
    make_secret_manifest,
    payload_key,
    read_payload_text,
)
from argo_ecr_auth.core.observed import ObservedState, get_metadata, refuse_foreign_objects
from argo_ecr_auth.core.renewal_plan import make_plan
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, parse_expiry
from argo_ecr_auth.credential import ApiServers
from argo_ecr_auth.registry_login import Login, Verification
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check
from argo_ecr_auth_cli.doctor.other_hosts import check_own_secret
from argo_ecr_auth_cli.health import is_valid_long_enough

_TRACKING = {
    "annotations": ("argocd.argoproj.io/tracking-id", "kubectl.kubernetes.io/last-applied-configuration"),
    "labels": ("app.kubernetes.io/instance",),
}


@dataclass(frozen=True, kw_only=True)
class Objects:
    """A credential, and what the cluster holds of it."""

    credential: Credential
    observed: ObservedState

    @property
    def name(self) -> str:
        return f"{self.credential.namespace}/{self.credential.secret_name}"


@check("credential", "the Secret and the ConfigMap can be read")
def check_readable(context: CheckContext, credential: Credential, *, servers: ApiServers) -> Iterable[Finding]:
    """Read them by `servers`, which keeps what it reads."""
    servers.to(context.target).read(credential)
    return ()


def check_credential(context: CheckContext, objects: Objects) -> None:
    """All checks of the credential's own objects."""
    check_own_secret(context, objects.credential, objects.observed.secret)
    if check_ownership(context, objects):  # what is in them is their owner's, and nothing keeps them fresh
        return
    check_freshness(context, objects)
    check_source(context, objects)
    check_added_keys(context, objects)
    check_writers(context, objects)
    check_tracking(context, objects)
    check_login(context, objects)


@check("credential", "the objects are the function's to write")
def check_ownership(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Objects that the function refuses to touch."""
    try:
        refuse_foreign_objects(objects.observed, objects.credential)
    except SyncError as refusal:
        yield context.report("not-ours", refusal.failed, remedy=refusal.remedy)


@check("credential", "the token is kept fresh")
def check_freshness(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Missing, or so old that the function has not renewed it for hours."""
    plan = make_plan(
        objects.observed,
        target=context.target.name,
        credential=objects.credential,
        now=context.shared.now,
        renew_before=context.shared.installation.renew_before,
        check_every=context.target.check_every,
    )
    left = int((plan.expires_at - context.shared.now).total_seconds()) if plan.expires_at else None
    if not is_valid_long_enough(left, renew_before=context.shared.installation.renew_before):
        yield context.report(
            "not-kept-fresh",
            f"{objects.name}: {'; '.join(plan.reasons)}",
            remedy=f"{context.format_command('invoke')} shows why; see also the function's log",
            namespace=objects.credential.namespace,
        )


@check("credential", "no other installation writes the Secret")
def check_source(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """A token that another role of a function requested: of another installation, or of an earlier role of this one."""
    role_id, credential = context.shared.function_role_id, objects.credential
    prefix = f"{credential.registry} as the function "
    source = get_metadata(objects.observed.config_map, "annotations").get(SOURCE_ANNOTATION, "")
    other = source.removeprefix(prefix)
    if role_id and credential.role is None and source.startswith(prefix) and other != role_id:
        yield context.report(
            "other-installation",
            f"{objects.name} was written by the role {other}, not by this function's ({role_id}): another "
            "installation, or this function's role before it was recreated",
            remedy="if this stays after the next run, give each installation a secret_name of its own",
            namespace=credential.namespace,
        )


@check("credential", "nobody added keys that Argo CD reads")
def check_added_keys(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Keys that somebody else added, and those of earlier settings that no run has removed yet."""
    secret, credential = objects.observed.secret, objects.credential
    foreign = find_foreign_keys(secret, make_secret_manifest(credential, NO_TOKEN))
    if foreign.added:
        yield context.report(
            "tampered",
            f"the Secret {objects.name} has keys that are not ours and tell Argo CD how to use the token: "
            f"{_name_authors(secret, foreign.added)}",
            remedy=f"the next run removes them ({context.format_command('invoke')}); find out who may patch Secrets in "
            f"the namespace {credential.namespace}",
            namespace=credential.namespace,
        )
    if foreign.stale:
        yield context.report(
            "stale-keys",
            f"the Secret {objects.name} still has keys that are not in these settings and tell Argo CD how to use the "
            f"token: {_name_authors(secret, foreign.stale)}",
            remedy="deploy these settings; the next run removes them",
            namespace=credential.namespace,
        )


def name_writer(writer: Writer) -> str:
    """The field manager; with its operation unless it is ours, because the original tool has our name."""
    return writer.manager if writer.is_ours else f"{writer.manager} ({writer.operation})"


def _name_authors(secret: Manifest | None, keys: frozenset[str]) -> str:
    writers = (writer for writer in read_writers(secret) if writer.data & keys)
    authors = " and ".join(f"{name_writer(writer)} at {writer.time}" for writer in writers)
    return f"{', '.join(sorted(keys))}, written by {authors or 'an unknown manager'}"


@check("credential", "nobody else writes the objects")
def check_writers(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Somebody else who writes what the function writes: each undoes the other's work."""
    for found, desired, key in (
        (objects.observed.secret, make_secret_manifest(objects.credential, NO_TOKEN), payload_key(objects.credential)),
        (objects.observed.config_map, make_config_map_manifest(objects.credential, NO_TOKEN), EXPIRY_KEY),
    ):
        writers = list(read_writers(found))
        ours = max((writer.time for writer in writers if writer.is_ours), default="")
        keys = desired["data"].keys() | get_metadata(desired, "labels").keys()
        for writer in writers:
            # What somebody wrote before us, and we did not change, is history: both own it since.
            active = key in writer.data or (writer.time > ours and keys & (writer.data | writer.labels))
            if active and not writer.is_ours:
                yield context.report(
                    "second-writer",
                    f"the {desired['kind']} {objects.name} is also written by {name_writer(writer)}, at {writer.time}",
                    remedy=_advise_against(writer),
                )


def _advise_against(writer: Writer) -> str:
    if writer.manager == FIELD_MANAGER:
        return "it is the original in-cluster tool: remove its Deployment (helm uninstall)"
    return f"stop what writes as {writer.manager} (an Application, a pipeline, a person), or keep it from our keys"


@check("credential", "no Application would prune the objects")
def check_tracking(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Marks by which an Application takes an object for its own and may prune it."""
    for found in (objects.observed.secret, objects.observed.config_map):
        for part, marks in _TRACKING.items():
            for mark in marks:
                if found is not None and mark in get_metadata(found, part):
                    kind = found["kind"].lower()
                    yield context.report(
                        "tracked",
                        f"the {found['kind']} {objects.name} has the {part.removesuffix('s')} {mark}: "
                        "an Application may prune it",
                        remedy=f"take it out of git, then kubectl -n {objects.credential.namespace} "
                        f"{'annotate' if part == 'annotations' else 'label'} {kind} "
                        f"{objects.credential.secret_name} {mark}-",
                    )


@check("credential", "the registry accepts the token")
def check_login(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """The password in the Secret does not log in, or may not list the repository that the settings name."""
    if not objects.credential.verify_login:
        return
    for host, token in _read_tokens(objects):
        if token.expires_at <= context.shared.now:
            continue
        verification: Verification = context.shared.verify_login(
            host, token, repository=objects.credential.verify_repository
        )
        if verification.login is Login.REFUSED:
            yield context.report(
                "token-refused",
                f"{objects.name}: {host} refuses the password in the Secret",
                remedy=context.format_command("invoke --force"),
            )
        elif verification.login in {Login.INCONCLUSIVE, Login.NO_SUCH_HOST}:
            yield context.report_not_checked(
                f"the login of {objects.name}", str(verification.reason), remedy="try it from where Argo CD runs"
            )
        elif verification.reason:
            yield context.report(
                "no-pull-permission",
                f"{objects.name}: {verification.reason}",
                remedy="allow the function's role to pull, in the repository's policy or by the setting `repositories`",
            )


def _read_tokens(objects: Objects) -> Iterator[tuple[str, AuthorizationToken]]:
    """The Secret's passwords for the credential's own registries, with the expiry in the ConfigMap."""
    credential, expires_at = objects.credential, parse_expiry(objects.observed.config_map)
    text = read_payload_text(objects.observed.secret, credential)
    if expires_at is None or not text:
        return
    if not KINDS[credential.kind].is_docker_config:
        yield credential.registries[0].host, AuthorizationToken(password=text, expires_at=expires_at)
        return
    try:
        entries = json.loads(text)["auths"]
        # Whoever may write the Secret may add hosts to it. They get no password and no request from here.
        for host in (registry.host for registry in credential.registries if registry.host in entries):
            yield host, parse_authorization_token(entries[host]["auth"], expires_at=expires_at)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MalformedTokenError):
        return  # reported as not kept fresh
