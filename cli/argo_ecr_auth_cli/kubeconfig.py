"""Connects to a cluster by a pod's service account or a kubeconfig, instead of by EKS."""

import argparse
import contextlib
import logging
import ssl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import urllib3
import yaml
from kubernetes import config
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException
from urllib3.exceptions import InsecureRequestWarning

from argo_ecr_auth.api_server.server import Access, ApiServer
from argo_ecr_auth.api_server.transport import make_client
from argo_ecr_auth.api_server.trust import make_tls_context, make_tls_contexts
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.messages import Identity
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_error
from argo_ecr_auth_cli.terminal.summary import format_names

_IDENTITIES = {
    "in-cluster": Identity(name="this pod's service account"),
    "local": Identity(name="your user of the kubeconfig"),
}
_REMEDIES = {
    "in-cluster": "in a pod it needs a service account's token; elsewhere pass --kube-config local or eks",
    "local": "the kubeconfig is ~/.kube/config, or the file that KUBECONFIG names",
}
_MAX_QUOTE = 200


@dataclass(frozen=True, kw_only=True)
class _Access:
    """What the files hold; `api` is None if the kubeconfig's program gave neither token nor certificate."""

    configuration: Configuration = field(repr=False)
    api: RESTClientObject | None = field(repr=False)


class Kubeconfig:
    """A cluster that is reached by `kind`: in-cluster or local. It stands in for `EksApiServers`.

    `file` and `context` are those of a local one, instead of kubectl's own. Raises CommandError if they do not lead
    to a cluster. A program that fails may succeed the next time.
    """

    def __init__(self, kind: str, *, file: str | None = None, context: str | None = None) -> None:
        self.identity = _IDENTITIES[kind]
        self._load = partial(_load_access, kind, file=file, context=context)
        self._access = self._load()
        if not self._access.configuration.verify_ssl:
            urllib3.disable_warnings(InsecureRequestWarning)  # one line is enough
            print_error("the kubeconfig says insecure-skip-tls-verify: the API server's certificate is not checked")

    def to(self, target: Target) -> ApiServer:
        """The kubeconfig's cluster, which the caller takes for the target's."""
        return _KubeconfigServer(target, open_access=self._open)

    def _open(self) -> Access:
        client = self._access.api or self._reload()
        # Read each time: tokens of pods and of kubeconfigs' programs are replaced within the hour.
        with _capture_root_logger():
            key = self._access.configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        # A token's file may end in a newline.
        return Access(client=client, bearer=(key.partition(" ")[2] or key).strip())

    def _reload(self) -> RESTClientObject:
        try:
            self._access = self._load()
        except CommandError as error:
            raise SyncError(failed=str(error)) from None
        if self._access.api is None:
            raise SyncError(
                failed="cannot reach the cluster",
                why="the kubeconfig's program (exec) gave neither a token nor a certificate",
                remedy="run it by hand to see why",
            )
        return self._access.api


class _KubeconfigServer(ApiServer):
    def __init__(self, target: Target, *, open_access: Callable[[], Access]) -> None:
        super().__init__(target)
        self._open_access = open_access

    def open(self) -> Access:
        return self._open_access()


def open_kubeconfig(options: argparse.Namespace, targets: Sequence[Target]) -> Kubeconfig | None:
    """What --context and --kubeconfig name, None if neither is given. Raises CommandError.

    A context leads to one cluster: the targets must be of one.
    """
    if options.context is None and options.kubeconfig is None:
        return None
    clusters = {(target.account, target.region, target.cluster) for target in targets}
    if len(clusters) > 1:
        names = format_names([target.name for target in targets])
        raise CommandError(
            f"a context leads to one cluster, and these targets are in {len(clusters)} ({names}): "
            "name the targets of one",
            code=USAGE,
        )
    return Kubeconfig("local", file=options.kubeconfig, context=options.context)


def _load_access(kind: str, *, file: str | None, context: str | None) -> _Access:
    configuration = Configuration()
    remedy = f"the kubeconfig is {file}" if file else _REMEDIES[kind]
    try:
        with _capture_root_logger() as errors:
            if kind == "in-cluster":
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
                contexts, has_certificate = _load_certificates(configuration)
            else:
                contexts, has_certificate = _load_file(configuration, file=file, context=context)
    except (ConfigException, OSError, ValueError, TypeError, AttributeError) as error:
        # Only what comes before a quoted document, which may hold keys and passwords.
        words = str(error).partition("\n")[0].partition("{")[0][:_MAX_QUOTE].strip()
        raise CommandError(f"cannot reach the cluster ({words}): {remedy}", code=UNKNOWN) from None
    except yaml.YAMLError:
        raise CommandError(f"cannot reach the cluster (not YAML): {remedy}", code=UNKNOWN) from None
    # The loader logs that a program failed, and goes on as nobody.
    nobody = bool(errors) and not configuration.api_key and not has_certificate
    return _Access(configuration=configuration, api=None if nobody else make_client(configuration, contexts=contexts))


def _load_file(
    configuration: Configuration, *, file: str | None, context: str | None
) -> tuple[Sequence[ssl.SSLContext], bool]:
    """Fill it in; return the contexts, and whether there is a client's certificate."""
    # The loader writes certificates and keys to files; once the context has read them, they need not stay.
    with tempfile.TemporaryDirectory(prefix="argo-ecr-auth-") as directory:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=file,
            context=context,
            client_configuration=configuration,
            persist_config=False,
            temp_file_path=f"{directory}/files",
        )
        return _load_certificates(configuration)


def _load_certificates(configuration: Configuration) -> tuple[Sequence[ssl.SSLContext], bool]:
    contexts: Sequence[ssl.SSLContext] = (make_tls_context(),)
    if not configuration.verify_ssl:  # insecure-skip-tls-verify: the kubeconfig's owner wants it
        contexts[0].check_hostname = False
        contexts[0].verify_mode = ssl.CERT_NONE
    elif configuration.ssl_ca_cert:
        contexts = make_tls_contexts(Path(configuration.ssl_ca_cert).read_text(encoding="ascii", errors="ignore"))
    else:
        contexts[0].load_default_certs()
    if has_certificate := configuration.cert_file is not None:
        for context in contexts:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    return contexts, has_certificate


class _CapturingHandler(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@contextlib.contextmanager
def _capture_root_logger() -> Iterator[list[logging.LogRecord]]:
    """Keep what the loader logs from standard error: it may quote what a program printed."""
    records: list[logging.LogRecord] = []
    handler = _CapturingHandler(records)
    root = logging.getLogger()
    others, root.handlers = root.handlers, [handler]
    try:
        yield records
    finally:
        root.handlers = others
