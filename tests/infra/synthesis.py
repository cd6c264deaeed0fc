"""Synthesizes templates from settings, without bundling: only a hash in them depends on the asset."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template
from aws_cdk.cx_api import CloudAssembly
from cdk_nag import AwsSolutionsChecks

from argo_ecr_auth_cdk.stack import ArgoEcrAuthStack
from argo_ecr_auth_settings.validation import validate_settings

ACCOUNT = "111111111111"
REGION = "eu-west-1"
REGISTRY = "222222222222.dkr.ecr.eu-central-1.amazonaws.com"
MINIMAL = {"targets": [{"cluster": "demo"}], "credentials": [{"registry": REGISTRY}]}

_ROOT = Path(__file__).parents[2]


def make_content(**changes: Any) -> dict[str, Any]:
    """A document with one target and one credential, with these keys changed."""
    return {**MINIMAL, **changes}


def make_app(*, context: dict[str, Any] | None = None, bundled: bool = False) -> cdk.App:
    flags = json.loads((_ROOT / "cdk.json").read_text())["context"]
    return cdk.App(context=flags | ({} if bundled else {"aws:cdk:bundling-stacks": []}) | (context or {}))


def make_stack(document: object, *, account: str | None = ACCOUNT, region: str | None = REGION) -> ArgoEcrAuthStack:
    env = cdk.Environment(account=account, region=region)
    return ArgoEcrAuthStack(make_app(), settings=validate_settings(document, account=account, region=region), env=env)


def synthesize(stack: cdk.Stack) -> CloudAssembly:
    app = cdk.Stage.of(stack)
    assert app is not None
    return app.synth()


def synthesize_with_cdk_nag(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """The templates of all stacks, by stack. Raises if cdk-nag finds something that is not acknowledged."""
    app = cdk.Stage.of(stack)
    assert app is not None
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


def make_template(document: object, *, account: str | None = ACCOUNT, region: str | None = REGION) -> Template:
    return Template.from_stack(make_stack(document, account=account, region=region))


def find_only(template: Template, type_: str) -> dict[str, Any]:
    """The properties of the only resource of this type."""
    (found,) = find_all(template, type_)
    return found


def find_all(template: Template, type_: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in template.find_resources(type_).values()]
