"""The way to a cluster that a pod or a kubeconfig knows, instead of EKS."""

import ssl
import tempfile
from dataclasses import dataclass, field

from kubernetes import config
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException

from argo_ecr_auth.cli.exits import UNSEEN, CommandError
from argo_ecr_auth.cluster import Connection, client_of, tls_context
from argo_ecr_auth.connections import read_credential
from argo_ecr_auth.reading import Reading
from argo_ecr_auth.targets import Credential, Target

_CALLERS = {"in-cluster": "this pod's service account", "local": "your user of the kubeconfig"}
_REMEDIES = {
    "in-cluster": "in a pod it needs a service account's token; elsewhere give --kube-config local or eks",
    "local": "it is ~/.kube/config, or what KUBECONFIG names",
}


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """A cluster that is reached as `kind` says: in-cluster or local. Reads as `Connections` does."""

    kind: str
    configuration: Configuration = field(repr=False)
    api: ApiClient = field(repr=False)

    def read(self, target: Target, credential: Credential) -> tuple[Connection, Reading]:
        """What the cluster holds of the credential, and the connection that it was read over. Raises SyncError."""
        # Asked for each time: a pod's token is replaced within the hour, and so are those of kubeconfigs' programs.
        key = self.configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        connection = Connection(
            target=target.name,
            cluster=target.cluster,
            region=target.region,
            api=self.api,
            bearer=key.partition(" ")[2] or key,
            caller=_CALLERS[self.kind],
        )
        return connection, read_credential(connection, credential)


def kubeconfig(kind: str) -> Kubeconfig:
    """The configuration of the pod, or of the kubeconfig's current context. Raises CommandError."""
    configuration = Configuration()
    context = tls_context()
    # The loader writes certificates and keys to files; once the context has read them, they need not stay.
    with tempfile.TemporaryDirectory(prefix="argo-ecr-auth-") as directory:
        try:
            if kind == "in-cluster":
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            else:
                config.load_kube_config(  # type: ignore[no-untyped-call]
                    client_configuration=configuration, persist_config=False, temp_file_path=f"{directory}/files"
                )
            _trust(context, configuration)
        except (ConfigException, OSError, ValueError) as error:
            # Of its words only what comes before a quoted document.
            said = str(error).partition("\n")[0][:200]
            raise CommandError(f"no way to the cluster ({said}): {_REMEDIES[kind]}", code=UNSEEN) from None
    return Kubeconfig(kind=kind, configuration=configuration, api=client_of(configuration, context=context))


def _trust(context: ssl.SSLContext, configuration: Configuration) -> None:
    if not configuration.verify_ssl:  # insecure-skip-tls-verify: the kubeconfig's owner says so
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif configuration.ssl_ca_cert:
        context.load_verify_locations(cafile=configuration.ssl_ca_cert)
    else:
        context.load_default_certs()
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
