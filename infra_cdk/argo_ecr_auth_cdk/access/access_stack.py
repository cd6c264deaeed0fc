"""The stacks for clusters in other accounts and regions, or for more clusters than the function's stack holds."""

import aws_cdk as cdk
from constructs import Construct

from argo_ecr_auth_cdk.access.cluster_access import AccessRole, ClusterAccess
from argo_ecr_auth_settings.access_plan import Entry
from argo_ecr_auth_settings.names import AccountRegion, HomeDeployment, make_external_id, name_access_role
from argo_ecr_auth_settings.settings import Settings


class AccessStack(cdk.Stack):
    """The access entries in one account and region. In another account, also the role that describes its clusters.

    It is deployed after the function's stack, because it names the function's role: EKS and IAM refuse a role that does
    not exist. The entries name that role in every account (Amazon EKS User Guide, Create access entries).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        home: HomeDeployment,
        place: AccountRegion,
        entries: tuple[Entry, ...],
        function_role_arn: str,
    ) -> None:
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=place.account, region=place.region),
            description=f"{settings.installation}: access to EKS clusters",
        )
        group = settings.installation
        described = {entry.cluster for entry in entries if entry.described}
        # The settings' rules refuse other accounts if the home account is unknown.
        if home.place.account and place.account != home.place.account and described:
            AccessRole(
                self,
                "Access",
                role_name=name_access_role(installation=group, home=home, place=place),
                external_id=make_external_id(installation=group, home=home, place=place),
                home_account=home.place.account,
                function_role_arn=function_role_arn,
                described=described,
            )
        ClusterAccess(self, "Clusters", entries=entries, principal_arn=function_role_arn, group=group)
