"""What the API server in memory adds to an object, and which objects it refuses."""

import base64
from http import HTTPStatus
from typing import Any

from tests.simulation.api_request import APPLY, ApiRequest, RefusedError
from tests.simulation.stored_object import NOTHING, Path, StoredObject


def find_defaults(request: ApiRequest) -> dict[Path, Any]:
    return {("type",): "Opaque"} if request.plural == "secrets" else {}


def validate(request: ApiRequest, found: StoredObject, new: StoredObject) -> None:
    data = {path[1]: value for path, value in new.leaves.items() if path[0] == "data"}
    if not all(isinstance(value, str) for value in data.values()):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "BadRequest", "a value is no text")
    if request.plural == "secrets":
        try:
            for value in data.values():
                base64.b64decode(value, validate=True)
        except ValueError:
            status = HTTPStatus.INTERNAL_SERVER_ERROR if request.content_type == APPLY else HTTPStatus.BAD_REQUEST
            raise RefusedError(status, "BadRequest", "illegal base64 data") from None
    binary = {path[1] for path in new.leaves if path[0] == "binaryData"}
    was = {path: value for path, value in found.leaves.items() if path[0] in {"data", "binaryData"}}
    fixed = found is not NOTHING and (
        found.leaves.get(("type",)) != new.leaves.get(("type",))
        or (
            found.leaves.get(("immutable",)) is True
            and (new.leaves.get(("immutable",)), was)
            != (True, {path: value for path, value in new.leaves.items() if path[0] in {"data", "binaryData"}})
        )
    )
    if binary & data.keys() or fixed:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f"{request.what} is invalid")
