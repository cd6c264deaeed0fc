"""What a run makes of a registry that does not come to an end, or answers too much."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.registry_login import Login, verify_login
from argo_ecr_auth.run import run_targets
from tests.servers.answers import BODIES
from tests.servers.faults import drip, drip_headers, hang
from tests.servers.server import Answer, Fault, Server, always
from tests.support.function import Function
from tests.support.objects import Objects
from tests.support.registry_login import connect_to, verify_at

SLOW: dict[str, Fault] = {
    "a byte after the other": drip(seconds=0.2),
    "a header after the other": drip_headers(seconds=0.2),
    "headers without an end": drip_headers(seconds=0),
}


@pytest.mark.parametrize("fault", [*SLOW.values(), hang], ids=[*SLOW, "nothing"])
def test_a_registry_that_does_not_come_to_an_end_keeps_no_token_from_being_written(
    fault: Fault, function: Function, objects: Objects
) -> None:
    with Server(always(fault)) as server:

        def verify(host: str, token: Any, *, repository: str | None, seconds: float) -> Any:
            http = connect_to(server.address)
            return verify_login(host, token, repository=repository, seconds=min(seconds, 1), http=http)

        options = RunOptions(renew_before=timedelta(hours=6), seconds=20)
        now = partial(datetime.now, UTC)
        (result,) = run_targets(function.targets, options=options, cache=function.cache, now=now, verify_login=verify)

    assert (result.action, result.verified, result.error) == ("created", None, None)
    assert "not verified" in str(result.reason)
    assert objects.password


@pytest.mark.parametrize("body", [BODIES["20 MB"], BODIES["objects in objects"]], ids=["20 MB", "objects in objects"])
def test_a_registrys_answer_is_read_up_to_a_bound(body: bytes) -> None:
    with Server(always(Answer(body=body))) as server:
        verification = verify_at(server.address)

    assert verification.login is Login.INCONCLUSIVE
    assert "answers with more than 256 KiB" in str(verification.reason)
