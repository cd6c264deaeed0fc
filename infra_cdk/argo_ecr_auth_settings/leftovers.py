"""Lists the objects that an installation writes into clusters, and the commands that delete leftovers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from argo_ecr_auth_settings.record import TargetRecord

_MAX_CLUSTERS = 10

Objects = Mapping[str, Mapping[str, Sequence[str]]]
"""The names of the Secrets (and ConfigMaps) by cluster, `ACCOUNT/REGION/NAME`, and by namespace."""


def list_objects(targets: Iterable[TargetRecord]) -> Objects:
    """The objects that hold these targets' credentials."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for target in targets:
        for secret in target.secrets:
            namespace, _, name = secret.partition("/")
            found[target.cluster][namespace].add(name)
    return {
        cluster: {namespace: sorted(names) for namespace, names in sorted(by_namespace.items())}
        for cluster, by_namespace in sorted(found.items())
    }


def find_dropped(before: Objects, after: Objects) -> Objects:
    """The objects of `before` that are not in `after`."""
    dropped: dict[str, dict[str, list[str]]] = {}
    for cluster, by_namespace in before.items():
        for namespace, names in by_namespace.items():
            if gone := sorted(set(names) - set(after.get(cluster, {}).get(namespace, ()))):
                dropped.setdefault(cluster, {})[namespace] = gone
    return dropped


def format_removal(dropped: Objects, *, kept: Objects, group: str) -> Iterator[str]:
    """The commands that delete the objects, and the Role and RoleBinding in each namespace where nothing is kept.

    `group` is the installation's name, which is also that of its Role and RoleBinding.
    """
    for cluster, by_namespace in list(dropped.items())[:_MAX_CLUSTERS]:
        account, region, cluster_name = cluster.split("/")
        yield f"in the cluster {cluster_name} ({' '.join(filter(None, (account, region)))}), as its administrator:"
        for namespace, names in by_namespace.items():
            delete = f"  kubectl -n {namespace} delete --ignore-not-found"
            yield f"{delete} {' '.join(f'secret/{name} configmap/{name}' for name in names)}"
            if not kept.get(cluster, {}).get(namespace):
                yield f"{delete} rolebinding/{group} role/{group}"
    if len(dropped) > _MAX_CLUSTERS:
        yield f"and the same in {len(dropped) - _MAX_CLUSTERS} more clusters"
