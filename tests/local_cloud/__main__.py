"""`python -m tests.local_cloud up|down`: starts or ends a cloud for a developer, in `.local` of the checkout."""

import argparse
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.local_cloud import binaries, cloud, cluster, emulator_process
from tests.local_cloud.environment import ACCOUNT, ARCHITECTURE, REGION, make_shell_script

_ROOT = Path(__file__).parents[2]
_STATE_DIR = _ROOT / ".local"
_CLUSTER = "demo"
_NAMESPACE = "argocd"

SETTINGS = f"""\
credentials:
  - registry: {ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com
    kind: argo-cd
    verify: off # there is no registry on this machine
targets:
  - cluster: {_CLUSTER}
check_every: 1m
architecture: {ARCHITECTURE} # of this machine, which runs the function
"""

NEXT_STEPS = f"""
The local cloud is up: account {ACCOUNT}, region {REGION}, EKS cluster {_CLUSTER} with the namespace {_NAMESPACE}.
Your key is that of an operator who created the cluster, so that it lets you in. Settings are in .local/settings.yaml.

  source .local/env                   point this shell at it
  ARGS="-c settings=.local/settings.yaml"
  make synth ARGS="$ARGS"             write the template and the cluster's manifest
  kubectl apply -f cdk.out/rbac       give the function its Role in the cluster
  make deploy ARGS="$ARGS"            the first run follows at once
  argo-ecr-auth status --settings .local/settings.yaml
  argo-ecr-auth doctor --settings .local/settings.yaml
  make down                           stop the local cloud and delete its files
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.local_cloud", description=__doc__)
    parser.add_argument("command", choices=("up", "down"))
    command = parser.parse_args().command
    with lock_checkout(_ROOT):
        if command == "up":
            up()
        else:
            down()


def up() -> None:
    local = cloud.LocalCloud(_STATE_DIR)
    if (_STATE_DIR / "env").exists() and local.is_running():
        print("The local cloud was up already.", NEXT_STEPS)
        return
    try:
        with _step("AWS (ministack)"):
            local.start(detached=True)
        operator = local.create_operator()
        local.begin_cluster(_CLUSTER, creator=operator)
        with _step("cdk bootstrap"):
            local.bootstrap()
        with _step(f"EKS cluster {_CLUSTER} (kube-apiserver and etcd)"):
            demo = local.finish_cluster(_CLUSTER, namespaces=[_NAMESPACE])
        _write_environment(local, demo, operator)
    except BaseException:
        local.stop()
        raise
    print(NEXT_STEPS)


def down() -> None:
    print("The local cloud is down." if emulator_process.stop(_STATE_DIR) else "There was no local cloud.")


def _write_environment(local: cloud.LocalCloud, demo: cluster.Cluster, operator: Mapping[str, str]) -> None:
    kubeconfig = _STATE_DIR / "kubeconfig"
    # A link: the file is written again when the cluster's address or authority changes.
    kubeconfig.symlink_to(demo.kubeconfig.relative_to(_STATE_DIR))
    settings = {
        **local.settings(),
        "AWS_ACCESS_KEY_ID": operator["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": operator["SecretAccessKey"],
        "KUBECONFIG": str(kubeconfig),
    }
    (_STATE_DIR / "settings.yaml").write_text(SETTINGS)
    # Last, and complete at once: its existence means that the cloud is complete.
    unfinished = _STATE_DIR / "env.new"
    unfinished.write_text(make_shell_script(settings, paths=[_ROOT / ".venv/bin", binaries.find().kubectl.parent]))
    unfinished.replace(_STATE_DIR / "env")


@contextlib.contextmanager
def _step(name: str) -> Iterator[None]:
    started = time.monotonic()
    print(f"{name} ...", end=" ", flush=True)
    yield
    print(f"{time.monotonic() - started:.1f} s", flush=True)


@contextlib.contextmanager
def lock_checkout(checkout: Path) -> Iterator[None]:
    """One `up` or `down` at a time in a checkout. The lock is on its folder, so that no file is left."""
    folder = os.open(checkout, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another `make up` or `make down` in this checkout.", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
