"""The stacks that give access to clusters elsewhere, or to more clusters than the function's own stack holds."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from argo_ecr_auth_cdk.access.cluster_access import AccessRole, ClusterAccess
from argo_ecr_auth_deployment.access_plan import Entry
from argo_ecr_auth_deployment.names import AccountRegion, HomeDeployment, make_external_id, name_access_role
from argo_ecr_auth_deployment.settings import DeploymentSettings


class AccessStack(cdk.Stack):
    """The access entries in one account and region; in another account also the role that the function assumes there.

    It is deployed after the function's stack, because it names the function's role: IAM refuses to trust a role that
    does not exist.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: DeploymentSettings,
        home: HomeDeployment,
        place: AccountRegion,
        entries: tuple[Entry, ...],
        function_role: iam.IRole,
    ) -> None:
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=place.account, region=place.region),
            description=f"{settings.installation}: access to EKS clusters",
        )
        group = settings.installation
        principal = function_role
        if place.account != home.place.account:
            principal = AccessRole(
                self,
                "Access",
                role_name=name_access_role(installation=group, home=home, place=place),
                external_id=make_external_id(installation=group, home=home, place=place),
                function_role=function_role,
                described={entry.cluster for entry in entries if entry.described},
            ).role
        ClusterAccess(self, "Clusters", entries=entries, principal_arn=principal.role_arn, group=group)
