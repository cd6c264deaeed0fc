"""Fixtures: the function, a real API server, and AWS on this machine with IAM enforced."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trustme

from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.control_plane import ControlPlane
from tests.local_cloud.registry import Registry
from tests.support import handler_process
from tests.support.function import (
    REGISTRY,
    Function,
    FunctionFactory,
)
from tests.support.handler_process import RunHandler
from tests.support.registry_login import REPOSITORY, TOKEN


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes API server without AWS; two static tokens: `member`, in the group argo-ecr-auth, and `stranger`."""
    users = {"member": ("member", ["argo-ecr-auth"]), "stranger": ("stranger", [])}
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), users=users) as plane:
        yield plane


@pytest.fixture
def function(make_function_with: FunctionFactory) -> Function:
    """A function with one target and one credential, in a namespace where it has its Role."""
    return make_function_with({"registry": REGISTRY, "name": "ecr"})


@pytest.fixture
def run_handler(local_cloud: LocalCloud, role: str, tmp_path: Path) -> RunHandler:
    """Runs the handler in a process of its own; gives all its output, and the credentials that it ran with."""
    handler_process.install_handler(tmp_path)
    return partial(handler_process.run_handler, directory=tmp_path, cloud=local_cloud, role=role)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry"), authority=trustme.CA(), hosts=[REGISTRY]) as registry:
        registry.push(REPOSITORY)
        yield registry


@pytest.fixture
def registry(running: Registry) -> Registry:
    """A registry of one repository, which lets in AWS with the password of `TOKEN`."""
    running.let_in({"AWS": TOKEN.password})
    return running


@pytest.fixture
def forbidding(running: Registry) -> Registry:
    """A registry that lets in somebody else."""
    running.let_in({"AWS": "another password"})
    return running
