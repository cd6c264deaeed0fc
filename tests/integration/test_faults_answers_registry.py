"""What a run makes of a registry that does not come to an end, or answers too much."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.registry_login import Login, verify_login
from argo_ecr_auth.run import run_targets
from tests.local_cloud.registry import LoopbackAddress
from tests.servers.answers import BODIES
from tests.support.faults import (
    Fault,
    answer,
    drip,
    drip_headers,
    hang,
    make_handler,
)
from tests.support.function import REGISTRY, Function
from tests.support.loopback import https_server
from tests.support.objects import Objects
from tests.support.scripted_registry import TOKEN, connect_to

SLOW: dict[str, Fault] = {
    "a byte after the other": drip(seconds=0.2),
    "a header after the other": drip_headers(seconds=0.2),
    "headers without an end": drip_headers(seconds=0),
}


@pytest.mark.parametrize("fault", [*SLOW.values(), hang], ids=[*SLOW, "nothing"])
def test_a_registry_that_does_not_come_to_an_end_keeps_no_token_from_being_written(
    fault: Fault, function: Function, objects: Objects
) -> None:
    with https_server(make_handler(fault)) as (url, ca_pem):
        address = LoopbackAddress(port=int(url.rpartition(":")[2]), ca_pem=ca_pem, certificate_for="127.0.0.1")

        def verify(host: str, token: Any, *, repository: str | None, seconds: float) -> Any:
            return verify_login(host, token, repository=repository, seconds=min(seconds, 1), http=connect_to(address))

        options = RunOptions(renew_before=timedelta(hours=6), check_every=timedelta(minutes=7), seconds=20)
        now = partial(datetime.now, UTC)
        (result,) = run_targets(function.targets, options=options, cache=function.cache, now=now, verify_login=verify)

    assert (result.action, result.verified, result.error) == ("created", None, None)
    assert "not verified" in str(result.reason)
    assert objects.password


@pytest.mark.parametrize("body", [BODIES["20 MB"], BODIES["objects in objects"]], ids=["20 MB", "objects in objects"])
def test_a_registrys_answer_is_read_up_to_a_bound(body: bytes) -> None:
    with https_server(make_handler(answer(body))) as (url, ca_pem):
        address = LoopbackAddress(port=int(url.rpartition(":")[2]), ca_pem=ca_pem, certificate_for="127.0.0.1")
        verification = verify_login(REGISTRY, TOKEN, http=connect_to(address))

    assert verification.login is Login.INCONCLUSIVE
    assert "answers with more than 256 KiB" in str(verification.reason)
