"""Downloads published programs instead of building them, and verifies each by the hash that is published with it.

Kubernetes is envtest's archive, whose index has SHA-512s; Argo CD and helm are their own releases, with SHA-256s. Where
a host is unreachable, or a file is not as its hash says, the programs are built.
"""

import hashlib
import http.client
import io
import platform
import queue
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

_SECONDS = 3  # for an answer to begin, and between two of its parts


class DownloadError(Exception):
    """There is no such file, or not the one that its hash describes."""


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """Where the programs are published."""

    envtest_index: str = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"
    argo_cd: str = "https://github.com/argoproj/argo-cd/releases/download"
    helm: str = "https://get.helm.sh"


PUBLISHED = Hosts()


def download(name: str, version: str, output: Path, *, hosts: Hosts) -> None:
    """Write the published programs of this name into a folder, all of them or none. The other names have none."""
    downloads: Mapping[str, Callable[[str, Hosts], Mapping[str, bytes]]] = {
        "kubernetes": _download_kubernetes,
        "argo-cd": _download_argo_cd,
        "helm": _download_helm,
    }
    if name not in downloads:
        return
    try:
        programs = downloads[name](version, hosts)
    except (OSError, http.client.HTTPException, DownloadError, tarfile.TarError, LookupError) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        print(f"cannot download {name} {version} ({why}), so it is built", file=sys.stderr, flush=True)
        return
    for program, content in programs.items():
        (output / program).write_bytes(content)
        (output / program).chmod(0o755)


def _download_kubernetes(version: str, hosts: Hosts) -> Mapping[str, bytes]:
    """Of envtest's releases the latest of the same minor version: it has not every patch."""
    import yaml  # noqa: PLC0415 - `down` must work where it is missing

    try:
        index = yaml.safe_load(_read(hosts.envtest_index))
    except yaml.YAMLError as error:
        raise DownloadError(f"envtest's index is no YAML: {error}") from error
    releases = index.get("releases") if isinstance(index, dict) else None
    minor = version.rpartition(".")[0]
    same = [name for name in releases or () if name.removeprefix("v").rpartition(".")[0] == minor]
    if not same:
        raise DownloadError(f"envtest has no release {minor}")
    latest = max(same, key=lambda name: int(name.rpartition(".")[2]))
    entry = (releases or {})[latest].get(f"envtest-{latest}-{find_system()}.tar.gz")
    if not entry:
        raise DownloadError(f"envtest has no {latest} for {find_system()}")
    content = _read_verified(entry["selfLink"], entry["hash"], algorithm="sha512")
    return {
        name: _extract(content, f"controller-tools/envtest/{name}") for name in ("kube-apiserver", "etcd", "kubectl")
    }


def _download_argo_cd(version: str, hosts: Hosts) -> Mapping[str, bytes]:
    name, folder = f"argocd-{find_system()}", f"{hosts.argo_cd}/v{version}"
    sums = _read(f"{folder}/cli_checksums.txt")
    return {"argocd": _read_verified(f"{folder}/{name}", _find_sum(sums, name))}


def _download_helm(version: str, hosts: Hosts) -> Mapping[str, bytes]:
    system = find_system()
    name = f"helm-v{version}-{system}.tar.gz"
    sums = _read(f"{hosts.helm}/{name}.sha256sum")
    return {"helm": _extract(_read_verified(f"{hosts.helm}/{name}", _find_sum(sums, name)), f"{system}/helm")}


def find_system() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}-{machine}"


def _find_sum(sums: bytes, name: str) -> str:
    for line in sums.decode(errors="replace").splitlines():
        if line.split()[1:] == [name]:
            return line.split()[0]
    raise DownloadError(f"no checksum of {name} is published")


def _read(url: str) -> bytes:
    """Also a name that does not resolve costs these seconds only, hence the thread."""
    answers: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()

    def open_url() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=_SECONDS))
        except urllib.error.HTTPError as error:
            error.close()
            answers.put(error)
        except Exception as error:  # noqa: BLE001 - raised below
            answers.put(error)

    Thread(target=open_url, daemon=True).start()
    try:
        answer = answers.get(timeout=_SECONDS)
    except queue.Empty:
        raise DownloadError(f"{url} does not answer within {_SECONDS} s") from None
    if isinstance(answer, Exception):
        raise answer
    with answer:
        return answer.read()


def _read_verified(url: str, expected: str, *, algorithm: str = "sha256") -> bytes:
    content = _read(url)
    if hashlib.new(algorithm, content).hexdigest() != expected:
        raise DownloadError(f"{url} does not have the {algorithm} that is published")
    return content


def _extract(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        try:
            found = files.extractfile(name)
        except KeyError:
            found = None
        if found is None:
            raise DownloadError(f"the archive has no {name}")
        return found.read()
