"""Published programs are downloaded and verified; those of an unreachable or wrong host are built."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.local_cloud.binaries_build import ARGO_CD, HELM, KUBERNETES, GoModule, find_or_build
from tests.local_cloud.binaries_download import Hosts, download, find_system
from tests.servers.faults import hang
from tests.servers.server import Answer, Request, Server, always

SYSTEM = find_system()
# A `go` that writes "built" to the file behind -o.
_GO = """#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done
"""
_PATCH = int(KUBERNETES.version.rpartition(".")[2])
_MINOR = KUBERNETES.version.rpartition(".")[0]


def _pack(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def published() -> dict[str, bytes]:
    """What the host has, by paths; the tests change it."""
    return {}


@pytest.fixture
def server(published: dict[str, bytes]) -> Iterator[Server]:
    def answer(request: Request) -> Answer:
        content = published.get(request.path)
        return Answer(status=404) if content is None else Answer(body=content)

    with Server(answer, tls=False) as server:
        yield server


@pytest.fixture
def hosts(server: Server) -> Hosts:
    return Hosts(envtest_index=f"{server.url}/index", argo_cd=f"{server.url}/argo-cd", helm=f"{server.url}/helm")


def _publish_kubernetes(hosts: Hosts, published: dict[str, bytes]) -> None:
    index = {}
    for version in (f"v{_MINOR}.{_PATCH + 9}", f"v{_MINOR}.{_PATCH + 10}", "v1.2.99"):
        name = f"envtest-{version}-{SYSTEM}.tar.gz"
        folder = "controller-tools/envtest"
        programs = ("kube-apiserver", "etcd", "kubectl")
        archive = _pack({f"{folder}/{program}": f"{program} {version}".encode() for program in programs})
        published[f"/{name}"] = archive
        link = f"{hosts.envtest_index.removesuffix('/index')}/{name}"
        index[version] = {name: {"hash": hashlib.sha512(archive).hexdigest(), "selfLink": link}}
    published["/index"] = json.dumps({"releases": index}).encode()


def _publish_argo_cd(hosts: Hosts, published: dict[str, bytes]) -> None:
    folder, name = f"/argo-cd/v{ARGO_CD.version}", f"argocd-{SYSTEM}"
    published[f"{folder}/{name}"] = b"argocd"
    sums = f"00  argocd-other\n{hashlib.sha256(b'argocd').hexdigest()}  {name}\n"
    published[f"{folder}/cli_checksums.txt"] = sums.encode()


def _publish_helm(hosts: Hosts, published: dict[str, bytes]) -> None:
    name = f"helm-v{HELM.version}-{SYSTEM}.tar.gz"
    published[f"/helm/{name}"] = _pack({f"{SYSTEM}/helm": b"helm"})
    sums = f"{hashlib.sha256(published[f'/helm/{name}']).hexdigest()}  {name}\n"
    published[f"/helm/{name}.sha256sum"] = sums.encode()


@dataclass(frozen=True, kw_only=True)
class Case:
    module: GoModule
    publish: Callable[[Hosts, dict[str, bytes]], None]
    expected: dict[str, str]  # the programs' contents


_KUBERNETES = {name: f"{name} v{_MINOR}.{_PATCH + 10}" for name in ("kube-apiserver", "etcd", "kubectl")}
_ALL = pytest.mark.parametrize(
    "case",
    [
        Case(module=KUBERNETES, publish=_publish_kubernetes, expected=_KUBERNETES),
        Case(module=ARGO_CD, publish=_publish_argo_cd, expected={"argocd": "argocd"}),
        Case(module=HELM, publish=_publish_helm, expected={"helm": "helm"}),
    ],
    ids=lambda case: case.module.folder,
)


@_ALL
def test_what_is_published_is_downloaded(case: Case, hosts: Hosts, published: dict[str, bytes], tmp_path: Path) -> None:
    case.publish(hosts, published)
    download(case.module.folder, case.module.version, tmp_path, hosts=hosts)
    programs = {file.name: file.read_text() for file in tmp_path.iterdir() if os.access(file, os.X_OK)}
    assert programs == case.expected


@_ALL
def test_a_file_that_is_not_as_its_hash_says_is_refused(
    case: Case, hosts: Hosts, published: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.publish(hosts, published)
    for path in published:
        if path.endswith((".tar.gz", SYSTEM)):
            published[path] += b"x"
    download(case.module.folder, case.module.version, tmp_path, hosts=hosts)
    assert list(tmp_path.iterdir()) == []
    assert "that is published" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["nothing published", "silent", "closed"])
def test_from_an_unreachable_host_nothing_is_downloaded(
    fault: str, server: Server, hosts: Hosts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if fault == "silent":
        server.handler = always(hang)
    elif fault == "closed":
        server.refuse()
    download(HELM.folder, HELM.version, tmp_path, hosts=hosts)
    assert list(tmp_path.iterdir()) == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("), so it is built")
    assert "urlopen" not in line


@pytest.mark.parametrize("content", ["helm", "built\n"], ids=["download", "build"])
def test_what_cannot_be_downloaded_is_built(
    hosts: Hosts,
    published: dict[str, bytes],
    content: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if content == "helm":
        _publish_helm(hosts, published)
    (tmp_path / "go").write_text(_GO)
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = find_or_build(HELM, hosts=hosts)
    assert (folder / "helm").read_text() == content
