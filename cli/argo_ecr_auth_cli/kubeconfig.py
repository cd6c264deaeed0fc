"""Connects to a cluster by a pod's service account or a kubeconfig, instead of by EKS."""

import contextlib
import logging
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import urllib3
import yaml
from kubernetes import config
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException
from urllib3.exceptions import InsecureRequestWarning

from argo_ecr_auth.clients.api_client import Connection, make_client, make_tls_context
from argo_ecr_auth.connections import read_credential
from argo_ecr_auth.core.caller import Caller
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, CommandError
from argo_ecr_auth_cli.terminal.output import print_error

_CALLERS = {
    "in-cluster": Caller(name="this pod's service account"),
    "local": Caller(name="your user of the kubeconfig"),
}
_REMEDIES = {
    "in-cluster": "in a pod it needs a service account's token; elsewhere give --kube-config local or eks",
    "local": "it is ~/.kube/config, or what KUBECONFIG names",
}
_LONGEST_QUOTE = 200


@dataclass(frozen=True, kw_only=True)
class _Access:
    """What the files hold; `api` is None where the kubeconfig's program gave neither token nor certificate."""

    configuration: Configuration = field(repr=False)
    api: ApiClient | None = field(repr=False)


class Kubeconfig:
    """A cluster that is reached by `kind`: in-cluster or local. Reads as `Connections` does.

    Raises CommandError where the files do not lead to a cluster. A program that fails may succeed the next time.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._access = _load_access(kind)
        if not self._access.configuration.verify_ssl:
            urllib3.disable_warnings(InsecureRequestWarning)  # one line is enough
            print_error("the kubeconfig says insecure-skip-tls-verify: the API server's certificate is not checked")

    def read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        """What the cluster holds of the credential, and the connection that it was read over. Raises SyncError."""
        api = self._access.api or self._reload()
        # Read each time: tokens of pods and of kubeconfigs' programs are replaced within the hour.
        with _capture_root_logger():
            key = self._access.configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        connection = Connection(
            target=target.name,
            cluster=target.cluster,
            region=target.region,
            api=api,
            bearer=(key.partition(" ")[2] or key).strip(),  # a token's file may end in a newline
            caller=_CALLERS[self._kind],
        )
        return connection, read_credential(connection, credential)

    def _reload(self) -> ApiClient:
        try:
            self._access = _load_access(self._kind)
        except CommandError as error:
            raise SyncError(str(error)) from None
        if self._access.api is None:
            raise SyncError(
                "cannot reach the cluster: the kubeconfig's program (exec) gave neither a token nor a certificate; "
                "run it by hand to see why"
            )
        return self._access.api


def _load_access(kind: str) -> _Access:
    configuration = Configuration()
    context = make_tls_context()
    try:
        with _capture_root_logger() as errors:
            has_certificate = _load(kind, configuration, context)
    except (ConfigException, OSError, ValueError, TypeError, AttributeError) as error:
        # Only what comes before a quoted document, which may hold keys and passwords.
        words = str(error).partition("\n")[0].partition("{")[0][:_LONGEST_QUOTE].strip()
        raise CommandError(f"cannot reach the cluster ({words}): {_REMEDIES[kind]}", code=UNKNOWN) from None
    except yaml.YAMLError:
        raise CommandError(f"cannot reach the cluster (not YAML): {_REMEDIES[kind]}", code=UNKNOWN) from None
    # The loader logs that a program failed, and goes on as nobody.
    nobody = bool(errors) and not configuration.api_key and not has_certificate
    return _Access(configuration=configuration, api=None if nobody else make_client(configuration, context=context))


def _load(kind: str, configuration: Configuration, context: ssl.SSLContext) -> bool:
    """Fill both in; return whether there is a client's certificate."""
    if kind == "in-cluster":
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return _load_certificates(context, configuration)
    # The loader writes certificates and keys to files; once the context has read them, they need not stay.
    with tempfile.TemporaryDirectory(prefix="argo-ecr-auth-") as directory:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            client_configuration=configuration, persist_config=False, temp_file_path=f"{directory}/files"
        )
        return _load_certificates(context, configuration)


def _load_certificates(context: ssl.SSLContext, configuration: Configuration) -> bool:
    if not configuration.verify_ssl:  # insecure-skip-tls-verify: the kubeconfig's owner wants it
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif configuration.ssl_ca_cert:
        context.load_verify_locations(cafile=configuration.ssl_ca_cert)
    else:
        context.load_default_certs()
    if has_certificate := configuration.cert_file is not None:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    return has_certificate


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
