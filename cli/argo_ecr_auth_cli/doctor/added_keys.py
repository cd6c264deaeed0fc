"""Checks for keys of a Secret that Argo CD reads and the settings do not have."""

from collections.abc import Iterator

from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.manifests import FIELD_MANAGER, NO_TOKEN, Manifest, list_foreign_keys, make_secret_manifest
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding
from argo_ecr_auth_cli.last_writer import name_writer


def check_added_keys(context: CheckContext, credential: Credential, secret: Manifest | None) -> Iterator[Finding]:
    """Keys that somebody else added, and those of earlier settings that no run has removed yet."""
    keys = list_foreign_keys(secret, make_secret_manifest(credential, NO_TOKEN))
    name = f"{credential.namespace}/{credential.secret_name}"
    writers = list(read_writers(secret))
    stale = {key for writer in writers if writer.is_ours for key in writer.data}
    if added := [key for key in keys if key not in stale]:
        authors = [f"{name_writer(writer)} at {writer.time}" for writer in writers if writer.data & set(added)]
        yield context.report(
            "tampered",
            f"the Secret {name} has keys that are not ours and tell Argo CD how to use the token: {', '.join(added)}, "
            f"written by {' and '.join(authors) or 'an unknown manager'}",
            remedy=f"the next run removes them ({context.format_command('invoke')}); find out who may patch Secrets in "
            f"the namespace {credential.namespace}",
            namespace=credential.namespace,
        )
    if earlier := [key for key in keys if key in stale]:
        yield context.report(
            "stale-keys",
            f"the Secret {name} still has keys that are not in these settings and tell Argo CD how to use the token: "
            f"{', '.join(earlier)}, written by {FIELD_MANAGER}",
            remedy="deploy these settings; the next run removes them",
            namespace=credential.namespace,
        )
