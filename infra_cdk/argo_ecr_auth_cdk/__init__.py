"""The CDK constructs that deploy argo-ecr-auth: by themselves, or as a part of another app."""

from argo_ecr_auth_cdk.installation import ArgoEcrAuth
from argo_ecr_auth_cdk.network import Network
from argo_ecr_auth_cdk.rbac_files import write_rbac_files
from argo_ecr_auth_cdk.reading import SettingsError, read_settings
from argo_ecr_auth_cdk.settings import (
    DeployedCredentialSettings,
    DeployedTargetSettings,
    DeploymentSettings,
    VpcSettings,
)
from argo_ecr_auth_cdk.stack import ArgoEcrAuthStack

__all__ = [
    "ArgoEcrAuth",
    "ArgoEcrAuthStack",
    "DeployedCredentialSettings",
    "DeployedTargetSettings",
    "DeploymentSettings",
    "Network",
    "SettingsError",
    "VpcSettings",
    "read_settings",
    "write_rbac_files",
]
