"""Trusts every CA of a bundle, also if several have one name, as during a rotation.

OpenSSL chooses an issuer by its name and its key identifier, which the CAs of older clusters lack, and it does not try
another one if the signature does not match. So a bundle becomes as many contexts as it has CAs of one name.
"""

import re
import ssl
from collections.abc import Sequence
from typing import Any

import urllib3
from urllib3.util.ssl_ import create_urllib3_context

_CERTIFICATE = re.compile(r"-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
# OpenSSL's codes (x509_vfy.h) of what may be wrong with a certificate that a trusted CA signed.
NOT_YET_VALID, EXPIRED, OTHER_HOST, OTHER_IP_ADDRESS = 9, 10, 62, 64
_OF_A_TRUSTED_CA = {NOT_YET_VALID, EXPIRED, OTHER_HOST, OTHER_IP_ADDRESS}


def make_tls_context() -> ssl.SSLContext:
    """Checks chain and host name, and trusts nobody yet."""
    context = create_urllib3_context()
    # From Python 3.13 on; the CA of a cluster created with Kubernetes 1.16 or before lacks a key identifier
    # (kubernetes-client/python issue 2394). Chain and host name are checked anyway.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def make_tls_contexts(bundle: str) -> tuple[ssl.SSLContext, ...]:
    """Contexts of which each trusts one CA of each name in this PEM. Raises ssl.SSLError or ValueError."""
    all_of_it = _trust(bundle)
    certificates = dict.fromkeys(match[0] for match in _CERTIFICATE.finditer(bundle))
    if len(certificates) == 1:
        return (all_of_it,)  # as nearly always: to look at its name would take as long again
    by_name: dict[str, list[str]] = {}
    for certificate in certificates:
        names = [ca["subject"] for ca in _trust(certificate).get_ca_certs()]  # none of what is not a CA's
        by_name.setdefault(repr(names or certificate), []).append(certificate)
    number = max(map(len, by_name.values()), default=1)
    if number == 1:
        return (all_of_it,)
    return tuple(_trust("\n".join(same[min(i, len(same) - 1)] for same in by_name.values())) for i in range(number))


def use_contexts(manager: urllib3.PoolManager, contexts: Sequence[ssl.SSLContext]) -> None:
    """Let its connections trust a certificate that one of the contexts trusts."""
    manager.connection_pool_kw["ssl_context"] = contexts[0]
    if len(contexts) == 1:
        return
    pool: Any = manager.pool_classes_by_scheme["https"]
    connection: Any = pool.ConnectionCls
    by_success = list(contexts)

    class Connection(connection):  # type: ignore[misc]
        def connect(self) -> None:
            errors = []
            for context in list(by_success):
                self.ssl_context = context
                try:
                    super().connect()
                except ssl.SSLCertVerificationError as error:
                    self.sock.close()
                    errors.append(error)
                else:
                    by_success.sort(key=lambda other: other is not context)
                    return
            # That one of them trusts it, but it has expired, says more than that the others do not trust it.
            raise min(errors, key=lambda error: error.verify_code not in _OF_A_TRUSTED_CA)

    class Pool(pool):  # type: ignore[misc]
        ConnectionCls = Connection

    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": Pool}


def _trust(pem: str) -> ssl.SSLContext:
    context = make_tls_context()
    context.load_verify_locations(cadata=pem)
    return context
