"""Every error of the function has a row in docs/operations.md; `pytest -s` prints an example of each message."""

import ast
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path

from urllib3.exceptions import SSLError

import argo_ecr_auth
from argo_ecr_auth.api_server.answers import make_refusal_error, make_unreachable_error
from argo_ecr_auth.api_server.trust import EXPIRED, NOT_YET_VALID, OTHER_HOST, OTHER_IP_ADDRESS
from argo_ecr_auth.core.errors import AssumeRoleError, AwsRefusalError, ForbiddenError, SyncError, UnauthorizedError
from argo_ecr_auth.core.messages import explain
from argo_ecr_auth.core.targets import Role
from argo_ecr_auth_cli.messages import OPERATOR
from tests.unit.builders import target

_PACKAGE = Path(argo_ecr_auth.__file__).parent
_PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
_PLAIN_ERRORS = {"SyncError", "AddressError", "AwsError"}
"""Errors whose sentence is their facts; messages.py builds the others."""
_DOING = "apply the Secret argocd/ecr-auth"
_ROLE = Role(arn="arn:aws:iam::123456789012:role/reader", external_id="x")
# Of the API server's own sentences, by status (apiserver, admission/plugin).
_REFUSALS = {
    'admission webhook "deny.example.org" denied the request: no': HTTPStatus.BAD_REQUEST,
    'Internal error occurred: failed calling webhook "deny.example.org": no': HTTPStatus.INTERNAL_SERVER_ERROR,
    "secrets \"ecr-auth\" is forbidden: ValidatingAdmissionPolicy 'labels' with binding 'labels' denied request: no": (
        HTTPStatus.UNPROCESSABLE_ENTITY
    ),
    'secrets "ecr-auth" is forbidden: exceeded quota: no-more, requested: secrets=1': HTTPStatus.FORBIDDEN,
    'secrets "ecr" is forbidden: unable to create new content in namespace argocd because it is being terminated': (
        HTTPStatus.FORBIDDEN
    ),
    "data is invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "no": HTTPStatus.SERVICE_UNAVAILABLE,
    "changed": HTTPStatus.CONFLICT,
}


def _make_examples() -> Iterator[SyncError]:
    """Errors whose sentences core/messages.py, the command line's messages.py and answers.py build."""
    yield UnauthorizedError(failed="demo's API server returned 401", target=target())
    yield ForbiddenError(failed=f"forbids to {_DOING}", target=target(), doing=_DOING, namespace="argocd")
    yield AssumeRoleError(failed=f"cannot assume {_ROLE.arn}", why="AccessDenied", code="AccessDenied", role=_ROLE)
    code = "AccessDeniedException"
    yield AwsRefusalError(
        failed="cannot get an authorization token from ECR in eu-west-1",
        why=code,
        code=code,
        permission="ecr:GetAuthorizationToken",
    )
    yield SyncError(failed="the new token is rejected: registry.example.org answered 401", remedy="set verify: off")
    for verify_code in (NOT_YET_VALID, EXPIRED, OTHER_HOST, OTHER_IP_ADDRESS):
        fault = ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")
        fault.verify_code = verify_code
        yield make_unreachable_error(SSLError(fault), host="https://demo.example.org", target=target())
    for message, status in _REFUSALS.items():
        body = {"kind": "Status", "message": message}
        yield make_refusal_error(status, body, target=target(), doing=_DOING, namespace="argocd")


def _read_errors(file: Path) -> Iterator[str]:
    """What each error that a module raises says: `failed: why; remedy`, with a word in place of each value."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    constants = dict(_read_assigned(module.body))
    for function in [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]:
        assigned = constants | dict(_read_assigned(ast.walk(function)))
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _PLAIN_ERRORS:
                facts = {word.arg: _read_text(word.value, assigned) for word in call.keywords if word.arg}
                # The examples have the sentences whose words come from elsewhere.
                failed, why, remedy = (facts.get(key, "") for key in ("failed", "why", "remedy"))
                if failed and not failed.endswith("VALUE") and why != "VALUE":
                    yield str(SyncError(failed=failed, why=why, remedy=remedy))


def _read_assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _read_text(node: ast.expr, assigned: Mapping[str, ast.expr]) -> str:
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.JoinedStr(values=values):
            return "".join(_read_text(value, assigned) for value in values)
        case ast.FormattedValue(value=value):
            return _read_text(value, {})
        case ast.Name(id=name) if name in assigned:
            return _read_text(assigned[name], {})
    return "VALUE"


def _read_rows() -> list[re.Pattern[str]]:
    """The messages of the table, each a pattern whose `...` and NAME stand for anything."""
    table = _PAGE.partition("\n## Messages\n")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    messages = [message for cell in cells for message in re.findall("`([^`]+)`", cell)]
    return [re.compile(re.sub(r"(\\\.){3}|NAME", ".*", re.escape(message.strip(". ;")))) for message in messages]


def test_every_error_of_the_function_has_a_row() -> None:
    rows = _read_rows()
    written = {error for file in sorted(_PACKAGE.rglob("*.py")) for error in _read_errors(file)}
    examples = {explain(error) for error in _make_examples()}
    print("\n".join(sorted(written | examples)))

    assert [message for message in sorted(written | examples) if not any(row.search(message) for row in rows)] == []


def test_an_operators_messages_say_who_lacks_what() -> None:
    messages = [OPERATOR.explain(error) for error in _make_examples()]
    print("\n".join(messages))

    assert [message for message in messages if "\n" in message or message.endswith(".")] == []
    assert sum(OPERATOR.name in message for message in messages) == 3
