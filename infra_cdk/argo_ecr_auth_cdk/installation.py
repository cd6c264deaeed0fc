"""One installation: the function, its schedules, and its access to the clusters wherever they are."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_eks as eks
from constructs import Construct

from argo_ecr_auth.targets import targets_of
from argo_ecr_auth_cdk.access_plan import Entry, Place, access_of, entries_of, places_of, slots_of, with_access_roles
from argo_ecr_auth_cdk.access_stack import AccessStack
from argo_ecr_auth_cdk.alarm_topic import alarm_topic
from argo_ecr_auth_cdk.alarms import Alarms
from argo_ecr_auth_cdk.cluster_access import ClusterAccess
from argo_ecr_auth_cdk.dashboard import Dashboard
from argo_ecr_auth_cdk.function import EcrAuthFunction
from argo_ecr_auth_cdk.network import Network, network_of
from argo_ecr_auth_cdk.reading import check_settings
from argo_ecr_auth_cdk.schedules import Schedules
from argo_ecr_auth_cdk.settings import DeploymentSettings
from argo_ecr_auth_cdk.tokens import known


class ArgoEcrAuth(Construct):
    """Everything that an installation needs, in any stack.

    Clusters in other accounts and regions get access stacks beside this construct's stack, named after the
    installation. `network` is for a VPC that the same app makes; the settings' `vpc` names one that is there.

    Raises SettingsError with all faults, RuntimeMismatchError and InstallationError.
    """

    def __init__(
        self, scope: Construct, id_: str, *, settings: DeploymentSettings, network: Network | None = None
    ) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        check_settings(settings, account=known(stack.account), region=known(stack.region))
        home = Place(account=stack.account, region=stack.region)
        complete = with_access_roles(settings, home=home)
        self.targets = targets_of(complete, region=home.region)

        self.function = EcrAuthFunction(
            self,
            "Function",
            settings=complete,
            targets=self.targets,
            network=network or network_of(self, settings=settings),
        )
        self.access_stacks: list[AccessStack] = []
        entries_here = self._give_access(settings, home=home)
        self.schedules = Schedules(
            self, "Schedules", settings=settings, targets=self.targets, function=self.function.function
        )
        for target in self.targets:
            if target.cluster in entries_here and target.name in self.schedules.by_target and target.role is None:
                # A schedule fires as soon as it is made.
                self.schedules.by_target[target.name].node.add_dependency(entries_here[target.cluster])

        if settings.monitoring:
            self._watch(settings)

    def _watch(self, settings: DeploymentSettings) -> None:
        scope = Construct(self, "Monitoring")
        alarms = Alarms(
            scope,
            "Alarms",
            settings=settings,
            targets=self.targets,
            function=self.function.function,
            undelivered=self.schedules.undelivered,
            topic=alarm_topic(scope, settings=settings),
        )
        Dashboard(
            scope,
            "Dashboard",
            installation=settings.installation,
            alarms=alarms.all,
            function=self.function.function,
            log_group=self.function.log_group,
        )

    def _give_access(self, settings: DeploymentSettings, *, home: Place) -> Mapping[str, eks.CfnAccessEntry]:
        """Make the entries, elsewhere in stacks of their own; return those that are here, by their cluster."""
        here: Mapping[str, eks.CfnAccessEntry] = {}
        for place, indexes in places_of(settings, home=home).items():
            entries = entries_of(
                [(self.targets[i], access_of(settings.targets[i], settings=settings)) for i in indexes]
            )
            if place != home:
                self._add_access_stack(f"{place.account}-{place.region}", settings, home, place, entries)
                continue
            slots = slots_of(entries)
            for slot in sorted(slots.keys() - {0}):
                self._add_access_stack(str(slot), settings, home, place, slots[slot])
            here = ClusterAccess(
                self,
                "Access",
                entries=slots.get(0, ()),
                principal_arn=self.function.role.role_arn,
                group=settings.installation,
            ).by_cluster
        return here

    def _add_access_stack(
        self, name: str, settings: DeploymentSettings, home: Place, place: Place, entries: tuple[Entry, ...]
    ) -> None:
        stack = AccessStack(
            cast("Construct", cdk.Stage.of(self)),  # a stack is always in one: the app
            f"{cdk.Stack.of(self).stack_name}-access-{name}",
            settings=settings,
            home=home,
            place=place,
            entries=entries,
            function_role=self.function.role,
        )
        # Said, for a reference across accounts does not give it, and IAM refuses to trust a role that does not exist.
        stack.add_stack_dependency(cdk.Stack.of(self))
        self.access_stacks.append(stack)
