"""The constructs in another CDK app, installed from the wheel."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_eks as eks
from aws_cdk.assertions import Template

from argo_ecr_auth_cdk import ArgoEcrAuth, CredentialSettings, Settings, SettingsError, TargetSettings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, find_all, make_app


def _settings(**changes: Any) -> Settings:
    minimal = {"targets": (TargetSettings(cluster="demo"),), "credentials": (CredentialSettings(registry=REGISTRY),)}
    return Settings(**{**minimal, **changes})


def _stack(app: cdk.App | None = None, name: str = "Mine") -> cdk.Stack:
    return cdk.Stack(app or make_app(), name, env=cdk.Environment(account=ACCOUNT, region=REGION))


def test_the_wheel_has_these_packages_and_a_program_finds_them_there(installed_wheel: Path) -> None:
    typed = {path.parent.name for path in installed_wheel.glob("*/py.typed")}
    assert typed == {
        "argo_ecr_auth",
        "argo_ecr_auth_cdk",
        "argo_ecr_auth_cli",
        "argo_ecr_auth_settings",
        "argo_ecr_auth_package",
    }
    assert {path.name for path in installed_wheel.glob("argo_ecr_auth*") if path.suffix != ".dist-info"} == typed
    # PYTHONPATH comes before the checkout that is installed here; test_deployment_package.py makes a package this way.
    find = f"from importlib.util import find_spec; print(*(find_spec(name).origin for name in {sorted(typed)}))"
    environment = {**os.environ, "PYTHONPATH": str(installed_wheel)}
    done = subprocess.run([sys.executable, "-c", find], env=environment, check=True, capture_output=True, text=True)
    assert [file for file in done.stdout.split() if not Path(file).is_relative_to(installed_wheel)] == []


def test_a_cluster_name_that_is_not_known_at_synth_is_refused_with_the_remedy() -> None:
    stack = _stack()
    cluster = eks.CfnCluster(
        stack, "Cluster", role_arn="arn", resources_vpc_config=eks.CfnCluster.ResourcesVpcConfigProperty(subnet_ids=[])
    )
    with pytest.raises(SettingsError) as refused:
        ArgoEcrAuth(stack, "EcrAuth", settings=_settings(targets=(TargetSettings(cluster=cluster.ref),)))
    (fault,) = refused.value.faults
    assert fault.startswith("targets[0].cluster: ")
    assert "give its resource a physical name" in fault


def test_settings_made_in_python_are_validated_like_those_of_a_file() -> None:
    with pytest.raises(SettingsError, match="lower-case letters"):
        ArgoEcrAuth(_stack(), "EcrAuth", settings=_settings(installation="Not Lower"))


def test_two_installations_fit_into_a_stack_and_onto_a_cluster() -> None:
    stack = _stack()
    for name in ("one", "two"):
        credentials = (CredentialSettings(registry=REGISTRY, secret_name=name),)
        ArgoEcrAuth(stack, name, settings=_settings(installation=name, credentials=credentials))
    entries = find_all(Template.from_stack(stack), "AWS::EKS::AccessEntry")
    assert [entry["KubernetesGroups"] for entry in entries] == [["one"], ["two"]]
    assert entries[0]["PrincipalArn"] != entries[1]["PrincipalArn"]


def test_two_installations_of_an_app_with_one_secret_are_refused() -> None:
    app = make_app()
    ArgoEcrAuth(_stack(app, "First"), "EcrAuth", settings=_settings(installation="one"))
    elsewhere = cdk.Stack(app, "Elsewhere", env=cdk.Environment(account="333333333333", region=REGION))
    ArgoEcrAuth(elsewhere, "EcrAuth", settings=_settings(installation="one"))
    switched_off = _settings(targets=(TargetSettings(cluster="demo", enabled=False),))
    ArgoEcrAuth(_stack(app, "SwitchedOff"), "EcrAuth", settings=switched_off)
    with pytest.raises(SettingsError) as refused:
        ArgoEcrAuth(_stack(app, "Second"), "EcrAuth", settings=_settings(installation="two"))
    assert str(refused.value) == (
        "credentials: the Secret argocd/ecr-auth of cluster demo is written by First/EcrAuth too; "
        "give each its own secret_name"
    )


def test_two_installations_of_one_name_in_one_account_and_region_are_refused() -> None:
    app = make_app()
    ArgoEcrAuth(_stack(app, "First"), "EcrAuth", settings=_settings())
    other = _settings(targets=(TargetSettings(cluster="other"),))
    with pytest.raises(SettingsError) as refused:
        ArgoEcrAuth(_stack(app, "Second"), "EcrAuth", settings=other)
    assert str(refused.value) == (
        "installation: First/EcrAuth has the name argo-ecr-auth in the same account and region too, and they would "
        "share metrics; give each its own name"
    )


def test_installations_whose_accounts_are_not_known_at_synth_are_not_compared() -> None:
    app = make_app()
    first, second = cdk.Stack(app, "first"), cdk.Stack(app, "second")
    for stack in (first, second):
        ArgoEcrAuth(stack, "EcrAuth", settings=_settings())
    with pytest.raises(SettingsError, match="written by first/EcrAuth too"):
        ArgoEcrAuth(first, "Again", settings=_settings())


def test_the_bootstrap_qualifier_is_used() -> None:
    app = make_app(context={"@aws-cdk/core:bootstrapQualifier": "mine12345"})
    stack = _stack(app)
    ArgoEcrAuth(stack, "EcrAuth", settings=_settings())
    (function,) = find_all(Template.from_stack(stack), "AWS::Lambda::Function")
    assert "cdk-mine12345-assets" in json.dumps(function["Code"])
