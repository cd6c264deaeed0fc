"""The original in-cluster tool's invocation."""

from tests.support.function import REGISTRY

PROFILE = "pods"


def original_flags(namespace: str) -> list[str]:
    """The original's invocation, with all of its flags."""
    return [
        f"--aws-profile={PROFILE}",
        "--aws-region=us-east-1",
        f"--ecr-registry={REGISTRY}",
        "--kube-config=local",
        f"--namespace={namespace}",
        "--secret-name=ecr-auth",
        "--sleep-between-checks=20",
    ]
