"""The manifests that give the function its rights in the clusters, on standard output."""

import argparse

import yaml

from argo_ecr_auth.cli.exits import OK
from argo_ecr_auth.cli.installation import chosen, installation_of
from argo_ecr_auth.cli.output import say, say_json
from argo_ecr_auth.rbac import rbac_manifests


def run(options: argparse.Namespace) -> int:
    """Print the targets' Roles and RoleBindings: YAML, or a List in JSON. Raises CommandError."""
    installation = installation_of(options, region=options.region or "")
    targets = chosen(installation, options.targets)
    manifests = [manifest for target in targets for manifest in rbac_manifests(target, group=installation.name)]
    if options.output == "json":
        say_json({"apiVersion": "v1", "kind": "List", "items": manifests})
        return OK
    for target in targets:
        say(f"# For the EKS cluster {target.cluster}; kubectl apply -f, as an administrator of it")
        for manifest in rbac_manifests(target, group=installation.name):
            for line in ("---", *yaml.safe_dump(manifest, sort_keys=False).splitlines()):
                say(line)
    return OK
