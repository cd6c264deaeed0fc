"""A request to the API server in memory, and how it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

KINDS = {"secrets": "Secret", "configmaps": "ConfigMap"}
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
Key = tuple[str, str, str]  # namespace, plural, name


class RefusedError(Exception):
    def __init__(self, status: HTTPStatus, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": int(status),
        }


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    verb: str
    namespace: str
    plural: str
    name: str
    query: Mapping[str, list[str]]
    body: dict[str, Any]
    content_type: str

    @property
    def key(self) -> Key:
        return self.namespace, self.plural, self.name

    @property
    def what(self) -> str:
        return f'{self.plural} "{self.name}"'

    @property
    def manager(self) -> str:
        return self.query.get("fieldManager", ["unknown"])[0]


@cache
def parse_path(path: str) -> tuple[str, Mapping[str, list[str]]]:
    parts = urlsplit(path)
    return parts.path, parse_qs(parts.query)


def explain_not_found(request: ApiRequest) -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, "NotFound", f"{request.what} not found")


def explain_conflict(request: ApiRequest, why: str) -> RefusedError:
    return RefusedError(HTTPStatus.CONFLICT, "Conflict", f"Operation cannot be fulfilled on {request.what}: {why}")
