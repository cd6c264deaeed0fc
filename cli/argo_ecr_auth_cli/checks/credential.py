"""What the objects of a credential tell: who else has a hand in them, and whether the token in them is good."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from argo_ecr_auth.clients.registry_login import Proof
from argo_ecr_auth.core.authorization_token import AuthorizationToken, MalformedTokenError, parse_authorization_token
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.manifests import (
    EXPIRY_KEY,
    FIELD_MANAGER,
    Payload,
    config_map_manifest,
    secret_key,
    secret_manifest,
)
from argo_ecr_auth.core.observed import Reading, metadata_of, refuse_what_is_not_ours
from argo_ecr_auth.core.plan import decide
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.checks.check_context import Case, Finding
from argo_ecr_auth_cli.health import long_enough
from argo_ecr_auth_cli.writers import Writer, writers_of

_TRACKING = {
    "annotations": ("argocd.argoproj.io/tracking-id", "kubectl.kubernetes.io/last-applied-configuration"),
    "labels": ("app.kubernetes.io/instance",),
}


@dataclass(frozen=True, kw_only=True)
class Objects:
    """A credential, and what the cluster holds of it."""

    credential: Credential
    reading: Reading

    @property
    def name(self) -> str:
        return f"{self.credential.namespace}/{self.credential.secret_name}"


def of_credential(case: Case, objects: Objects) -> Iterator[Finding]:
    """All that the credential's own objects tell."""
    yield from not_ours(case, objects)
    yield from not_kept_fresh(case, objects)
    yield from second_writer(case, objects)
    yield from tracked(case, objects)
    yield from login(case, objects)


def not_ours(case: Case, objects: Objects) -> Iterator[Finding]:
    """Objects that the function refuses to touch."""
    try:
        refuse_what_is_not_ours(objects.reading, objects.credential)
    except SyncError as refusal:
        said, _, remedy = str(refusal).partition(": ")
        yield case.found("not-ours", said, remedy=remedy)


def not_kept_fresh(case: Case, objects: Objects) -> Iterator[Finding]:
    """Missing, or so old that the function cannot have been here for hours."""
    plan = decide(objects.reading, credential=objects.credential, now=case.now, renew_before=case.renew_before)
    left = int((plan.expires_at - case.now).total_seconds()) if plan.expires_at else None
    if not long_enough(left, renew_before=case.renew_before):
        yield case.found(
            "not-kept-fresh",
            f"{objects.name}: {'; '.join(plan.reasons)}",
            remedy=f"{case.command('invoke')} tells why; and see the function's log",
        )


def second_writer(case: Case, objects: Objects) -> Iterator[Finding]:
    """Somebody else who writes what the function writes; each undoes the other's work."""
    nothing = Payload(text="", expires_at=case.now)
    for found, wanted, key in (
        (objects.reading.secret, secret_manifest(objects.credential, nothing), secret_key(objects.credential)),
        (objects.reading.config_map, config_map_manifest(objects.credential, nothing), EXPIRY_KEY),
    ):
        writers = list(writers_of(found))
        ours = max((writer.time for writer in writers if writer.ours), default="")
        keys = wanted["data"].keys() | metadata_of(wanted, "labels").keys()
        for writer in writers:
            # What it wrote before us and we left as it was is history: both hold it since.
            active = key in writer.data or (writer.time > ours and keys & (writer.data | writer.labels))
            if active and not writer.ours:
                yield case.found(
                    "second-writer",
                    f"the {wanted['kind']} {objects.name} is written by {writer} too",
                    remedy=_stop(writer),
                )


def _stop(writer: Writer) -> str:
    if writer.manager == FIELD_MANAGER:
        return "it is the original in-cluster tool: end its Deployment (helm uninstall)"
    return f"end what writes as {writer.manager} (an Application, a pipeline, a person), or have it leave our keys"


def tracked(case: Case, objects: Objects) -> Iterator[Finding]:
    """Marks by which an Application takes an object for its own, and may prune it."""
    for found in (objects.reading.secret, objects.reading.config_map):
        for part, marks in _TRACKING.items():
            for mark in marks:
                if found is not None and mark in metadata_of(found, part):
                    kind = found["kind"].lower()
                    yield case.found(
                        "tracked",
                        f"the {found['kind']} {objects.name} has the {part.removesuffix('s')} {mark}: "
                        "an Application may prune it",
                        remedy=f"take it out of git, then kubectl -n {objects.credential.namespace} "
                        f"{'annotate' if part == 'annotations' else 'label'} {kind} "
                        f"{objects.credential.secret_name} {mark}-",
                    )


def login(case: Case, objects: Objects) -> Iterator[Finding]:
    """The password that is there does not log in, or may not list the repository that the settings name."""
    if not objects.credential.verify_login:
        return
    for host, token in _tokens(objects):
        if token.expires_at <= case.now:
            continue
        proof: Proof = case.prove_login(host, token, repository=objects.credential.verify_repository)
        if proof.verified is False:
            yield case.found(
                "token-refused",
                f"{objects.name}: {host} refuses the password that is there",
                remedy=case.command("invoke --force"),
            )
        elif proof.verified is None:
            yield case.unseen(f"the login of {objects.name}", str(proof.doubt), remedy="look from where Argo CD runs")
        elif proof.doubt:
            yield case.found(
                "no-pull-right",
                f"{objects.name}: {proof.doubt}",
                remedy="the repository's policy, or `repositories` of the settings, must let the function's role pull",
            )


def _tokens(objects: Objects) -> Iterator[tuple[str, AuthorizationToken]]:
    """The passwords of the Secret by registry, with the expiry that the ConfigMap tells; none where it holds none."""
    credential, secret, config_map = objects.credential, objects.reading.secret, objects.reading.config_map
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
