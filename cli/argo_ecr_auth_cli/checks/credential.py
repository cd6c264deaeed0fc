"""What the objects of a credential tell: who else has a hand in them, and whether the token in them is good."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from argo_ecr_auth.clients.registry_login import Verification
from argo_ecr_auth.core.authorization_token import AuthorizationToken, MalformedTokenError, parse_authorization_token
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.managed_fields import Writer, read_writers
from argo_ecr_auth.core.manifests import (
    EXPIRY_KEY,
    FIELD_MANAGER,
    Payload,
    make_config_map_manifest,
    make_secret_manifest,
    secret_key,
)
from argo_ecr_auth.core.observed import ObservedState, get_metadata, refuse_foreign_objects
from argo_ecr_auth.core.plan import make_plan
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.health import lives_long_enough
from argo_ecr_auth_cli.last_writer import name_writer

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


def check_credential(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """All that the credential's own objects tell."""
    yield from check_ownership(context, objects)
    yield from check_freshness(context, objects)
    yield from check_writers(context, objects)
    yield from check_tracking(context, objects)
    yield from login(context, objects)


def check_ownership(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Objects that the function refuses to touch."""
    try:
        refuse_foreign_objects(objects.observed, objects.credential)
    except SyncError as refusal:
        said, _, remedy = str(refusal).partition(": ")
        yield context.found("not-ours", said, remedy=remedy)


def check_freshness(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Missing, or so old that the function cannot have been here for hours."""
    plan = make_plan(
        objects.observed, credential=objects.credential, now=context.now, renew_before=context.renew_before
    )
    left = int((plan.expires_at - context.now).total_seconds()) if plan.expires_at else None
    if not lives_long_enough(left, renew_before=context.renew_before):
        yield context.found(
            "not-kept-fresh",
            f"{objects.name}: {'; '.join(plan.reasons)}",
            remedy=f"{context.command('invoke')} tells why; and see the function's log",
        )


def check_writers(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Somebody else who writes what the function writes; each undoes the other's work."""
    nothing = Payload(text="", expires_at=context.now)
    for found, wanted, key in (
        (objects.observed.secret, make_secret_manifest(objects.credential, nothing), secret_key(objects.credential)),
        (objects.observed.config_map, make_config_map_manifest(objects.credential, nothing), EXPIRY_KEY),
    ):
        writers = list(read_writers(found))
        ours = max((writer.time for writer in writers if writer.is_ours), default="")
        keys = wanted["data"].keys() | get_metadata(wanted, "labels").keys()
        for writer in writers:
            # What it wrote before us and we left as it was is history: both hold it since.
            active = key in writer.data or (writer.time > ours and keys & (writer.data | writer.labels))
            if active and not writer.is_ours:
                yield context.found(
                    "second-writer",
                    f"the {wanted['kind']} {objects.name} is written by {name_writer(writer)} {writer.time} too",
                    remedy=_stop(writer),
                )


def _stop(writer: Writer) -> str:
    if writer.manager == FIELD_MANAGER:
        return "it is the original in-cluster tool: end its Deployment (helm uninstall)"
    return f"end what writes as {writer.manager} (an Application, a pipeline, a person), or have it leave our keys"


def check_tracking(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """Marks by which an Application takes an object for its own, and may prune it."""
    for found in (objects.observed.secret, objects.observed.config_map):
        for part, marks in _TRACKING.items():
            for mark in marks:
                if found is not None and mark in get_metadata(found, part):
                    kind = found["kind"].lower()
                    yield context.found(
                        "tracked",
                        f"the {found['kind']} {objects.name} has the {part.removesuffix('s')} {mark}: "
                        "an Application may prune it",
                        remedy=f"take it out of git, then kubectl -n {objects.credential.namespace} "
                        f"{'annotate' if part == 'annotations' else 'label'} {kind} "
                        f"{objects.credential.secret_name} {mark}-",
                    )


def login(context: CheckContext, objects: Objects) -> Iterator[Finding]:
    """The password that is there does not log in, or may not list the repository that the settings name."""
    if not objects.credential.verify_login:
        return
    for host, token in _read_tokens(objects):
        if token.expires_at <= context.now:
            continue
        verification: Verification = context.verify_login(host, token, repository=objects.credential.verify_repository)
        if verification.verified is False:
            yield context.found(
                "token-refused",
                f"{objects.name}: {host} refuses the password that is there",
                remedy=context.command("invoke --force"),
            )
        elif verification.verified is None:
            yield context.unknown(
                f"the login of {objects.name}", str(verification.doubt), remedy="look from where Argo CD runs"
            )
        elif verification.doubt:
            yield context.found(
                "no-pull-right",
                f"{objects.name}: {verification.doubt}",
                remedy="the repository's policy, or `repositories` of the settings, must let the function's role pull",
            )


def _read_tokens(objects: Objects) -> Iterator[tuple[str, AuthorizationToken]]:
    """The passwords of the Secret by registry, with the expiry that the ConfigMap tells; none where it holds none."""
    credential, secret, config_map = objects.credential, objects.observed.secret, objects.observed.config_map
    if secret is None or config_map is None:
        return
    try:
        expires_at = datetime.fromisoformat(config_map["data"][EXPIRY_KEY]).astimezone(UTC)
        text = base64.b64decode(secret["data"][secret_key(credential)]).decode()
        if credential.kind != "pull-secret":
            yield credential.registries[0].host, AuthorizationToken(password=text, expires_at=expires_at)
            return
        for host, entry in json.loads(text)["auths"].items():
            yield host, parse_authorization_token(entry["auth"], expires_at=expires_at)
    except (ValueError, KeyError, TypeError, AttributeError, MalformedTokenError):
        return  # not as it should be: told as not kept fresh
