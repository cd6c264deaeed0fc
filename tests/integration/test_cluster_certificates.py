"""Which certificates of an API server are trusted, and what is wrong with another."""

import base64
import datetime as dt
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from tests.servers.server import HOST, Server, answer_json
from tests.support.fixed_server import FixedServer
from tests.unit.builders import target

_NOW = dt.datetime.now(tz=dt.UTC).replace(tzinfo=None)
_DAY = dt.timedelta(days=1)


class _Authority(trustme.CA):
    """A CA named as that of every cluster. The servers' certificates have these keywords of trustme's."""

    def __init__(self, identity: str = HOST, **certificate: Any) -> None:
        super().__init__(organization_name="kubernetes", organization_unit_name="kubernetes")
        self._identity = identity
        self._certificate_keywords = certificate

    def issue_cert(self, *_: str, **__: Any) -> trustme.LeafCert:
        return super().issue_cert(self._identity, **self._certificate_keywords)

    def format_pem(self, *, with_key_identifier: bool) -> str:
        pem = self.cert_pem.bytes()
        if with_key_identifier:
            return pem.decode()
        with_it = x509.load_pem_x509_certificate(pem)
        builder = x509.CertificateBuilder(
            issuer_name=with_it.issuer,
            subject_name=with_it.subject,
            public_key=with_it.public_key(),
            serial_number=with_it.serial_number,
            not_valid_before=with_it.not_valid_before_utc,
            not_valid_after=with_it.not_valid_after_utc,
        )
        for extension in with_it.extensions:
            if not isinstance(extension.value, x509.SubjectKeyIdentifier):
                builder = builder.add_extension(extension.value, critical=extension.critical)
        key: Any = load_pem_private_key(self.private_key_pem.bytes(), password=None)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _reach_from_function(server: Server, pem: str, _: Path) -> ApiServer:
    return FixedServer(make_api_client(Address(endpoint=server.url, certificate_authority=pem)))


def _reach_from_kubeconfig(server: Server, pem: str, directory: Path) -> ApiServer:
    cluster = {"server": server.url, "certificate-authority-data": base64.b64encode(pem.encode()).decode()}
    config = {
        "clusters": [{"name": "a", "cluster": cluster}],
        "users": [{"name": "a", "user": {"token": "x"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return Kubeconfig("local", file=str(file)).to(target())


_WAYS = {"function": _reach_from_function, "kubeconfig": _reach_from_kubeconfig}


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("newer_has_identifier", [True, False])
@pytest.mark.parametrize(("signer", "first"), [*product(("older", "newer"), repeat=2)])
def test_two_authorities_of_one_name_are_both_trusted_in_any_order(
    way: str, signer: str, first: str, *, newer_has_identifier: bool, tmp_path: Path
) -> None:
    authorities = {"older": _Authority(), "newer": _Authority()}
    pems = {
        "older": authorities["older"].format_pem(with_key_identifier=False),
        "newer": authorities["newer"].format_pem(with_key_identifier=newer_has_identifier),
    }
    bundle = "".join(pems[name] for name in sorted(pems, key=lambda name: name != first))
    with Server(lambda _: answer_json({}), authority=authorities[signer]) as server:
        api_server = _WAYS[way](server, bundle, tmp_path)
        for _ in range(3):
            assert api_server.request("/api")[0] == 200
        assert len(server.requests) == 3
        assert server.connections <= 2  # the first may have failed; the others are one


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        (_Authority("tunnel.example"), "'s certificate is for another name; is "),
        (_Authority(not_after=_NOW - _DAY, not_before=_NOW - 2 * _DAY), "'s certificate has expired; "),
        (_Authority(not_before=_NOW + _DAY), "'s certificate is not valid yet; "),
        (None, "'s certificate is not signed by demo's CA; "),
    ],
    ids=["name", "expired", "early", "untrusted"],
)
@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("way", _WAYS)
def test_an_error_says_what_is_wrong_with_the_certificate(
    way: str, others: int, authority: _Authority | None, expected: str, tmp_path: Path
) -> None:
    trusted = [authority or _Authority(), *(_Authority() for _ in range(others))]
    bundle = "".join(ca.format_pem(with_key_identifier=False) for ca in trusted)
    with (
        Server(lambda _: answer_json({}), authority=authority or _Authority()) as server,
        pytest.raises(SyncError) as refused,
    ):
        _WAYS[way](server, bundle, tmp_path).request("/api")
    assert str(refused.value).startswith(f"{server.url}{expected}")
    assert len(server.requests) == 0
