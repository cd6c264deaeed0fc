"""Refuses the template of a deleted stack if the stack is named, as AWS does; ministack returns it.

API_GetTemplate and API_DescribeStacks: a deleted stack is only found by its unique id.
"""

from typing import Any

from ministack.services.cloudformation import _stacks
from ministack.services.cloudformation.handlers import _ACTION_HANDLERS
from ministack.services.cloudformation.helpers import _error, _p


def install() -> None:
    original = _ACTION_HANDLERS["GetTemplate"]

    def get_template(params: Any) -> Any:
        name = _p(params, "StackName")
        stack = _stacks.get(name)
        if stack is not None and stack.get("StackStatus") == "DELETE_COMPLETE":
            return _error("ValidationError", f"Stack with id {name} does not exist")
        return original(params)

    _ACTION_HANDLERS["GetTemplate"] = get_template
