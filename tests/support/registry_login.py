"""Logins at registries on this machine."""

from datetime import UTC, datetime

import trustme

from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.registry_login import Verification, verify_login
from tests.local_cloud import processes
from tests.local_cloud.registry import LoopbackAddress, LoopbackClient
from tests.support.function import REGISTRY

REPOSITORY = "team/app"
ELSEWHERE = "elsewhere.example.org"
TOKEN = AuthorizationToken(password="right-" + "x" * 1000, expires_at=datetime(2030, 1, 1, tzinfo=UTC))


def connect_to(address: LoopbackAddress, *, host: str = REGISTRY) -> LoopbackClient:
    return LoopbackClient({host: address})


def make_free_address() -> LoopbackAddress:
    return LoopbackAddress(port=processes.find_free_port(), ca_pem=_make_ca_pem())


def distrust(address: LoopbackAddress) -> LoopbackAddress:
    return LoopbackAddress(port=address.port, ca_pem=_make_ca_pem(), certificate_for=address.certificate_for)


def verify_at(address: LoopbackAddress, *, host: str = REGISTRY, repository: str | None = None) -> Verification:
    return verify_login(host, TOKEN, repository=repository, http=connect_to(address, host=host))


def _make_ca_pem() -> str:
    return trustme.CA().cert_pem.bytes().decode()
