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
    manifests = {
        target: rbac_manifests(target, group=installation.name, targets=installation.targets) for target in targets
    }
    if options.output == "json":
        items = [manifest for of_target in manifests.values() for manifest in of_target]
        say_json({"apiVersion": "v1", "kind": "List", "items": items})
        return OK
    for target, of_target in manifests.items():
        say(f"# For the EKS cluster {target.cluster}; kubectl apply -f, as an administrator of it")
        for manifest in of_target:
            for line in ("---", *yaml.safe_dump(manifest, sort_keys=False).splitlines()):
                say(line)
    return OK
