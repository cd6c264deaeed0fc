"""The CDK constructs that deploy argo-ecr-auth, in this app or in one of yours."""

from argo_ecr_auth_cdk.access.rbac_files import write_rbac_files
from argo_ecr_auth_cdk.construct import ArgoEcrAuth
from argo_ecr_auth_cdk.function.network import Network
from argo_ecr_auth_cdk.stack import ArgoEcrAuthStack
from argo_ecr_auth_cdk.unresolved import read_app_settings
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.settings import Settings, TargetSettings, VpcSettings

__all__ = [
    "ArgoEcrAuth",
    "ArgoEcrAuthStack",
    "CredentialSettings",
    "Network",
    "Settings",
    "SettingsError",
    "TargetSettings",
    "VpcSettings",
    "read_app_settings",
    "write_rbac_files",
]
