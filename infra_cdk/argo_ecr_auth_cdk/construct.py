"""The construct of an installation: the function, its schedules, its access to the clusters, and its monitoring."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_eks as eks
from constructs import Construct

from argo_ecr_auth_cdk.access.access_stack import AccessStack
from argo_ecr_auth_cdk.access.cluster_access import ClusterAccess
from argo_ecr_auth_cdk.function.asset import find_synth_runtime
from argo_ecr_auth_cdk.function.function import EcrAuthFunction
from argo_ecr_auth_cdk.function.network import Network, import_network
from argo_ecr_auth_cdk.monitoring.alarm_topic import make_alarm_topic
from argo_ecr_auth_cdk.monitoring.alarms import Alarms
from argo_ecr_auth_cdk.monitoring.dashboard import Dashboard
from argo_ecr_auth_cdk.schedules.schedules import Schedules
from argo_ecr_auth_cdk.unresolved import check_settings, get_known
from argo_ecr_auth_settings.access_plan import (
    Entry,
    add_access_roles,
    divide_into_stacks,
    group_by_place,
    make_entries,
)
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.leftovers import list_objects
from argo_ecr_auth_settings.names import AccountRegion, HomeDeployment, name_access_stack, name_function_role
from argo_ecr_auth_settings.record import record_target
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.runtimes import find_runtime_warning
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.warnings import describe_price_of_metrics, find_warnings


class ArgoEcrAuth(Construct):
    """Everything that an installation needs, in any stack.

    Clusters in other accounts and regions get access stacks next to this construct's stack, named after the
    installation. `network` is for a VPC that the same app creates; the settings' `vpc` is for an existing one.

    Raises SettingsError with all faults, UnsupportedRuntimeError and InstallationError.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, network: Network | None = None) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        account, region = get_known(stack.account), get_known(stack.region)
        settings = check_settings(settings, account=account, region=region)
        warnings = find_warnings(settings, account=account, region=region)
        for i, warning in enumerate(warnings):
            cdk.Annotations.of(self).add_warning_v2(f"argo-ecr-auth:settings-{i}", warning)
        if deprecation := find_runtime_warning(find_synth_runtime(), today=datetime.now(UTC).date()):
            cdk.Annotations.of(self).add_warning_v2("argo-ecr-auth:runtime", deprecation)
        if price := describe_price_of_metrics(settings):
            cdk.Annotations.of(self).add_info_v2("argo-ecr-auth:price", price)
        self.annotations = tuple(filter(None, (*warnings, deprecation, price)))
        place = AccountRegion(account=account, region=region)
        home = HomeDeployment(place=place, address=_make_address(self))
        complete = add_access_roles(settings, home=home)
        self.targets = resolve_targets(complete, region=stack.region)
        # If the account or region is unknown at synth, the stack's address takes its place: it equals no other stack's.
        known_account, known_region = account or stack.node.addr, region or stack.node.addr
        self.identity = (settings.installation, known_account, known_region)
        located = resolve_targets(complete, region=known_region, account=known_account)
        self.objects = list_objects(record_target(target, settings=complete) for target in located if target.enabled)
        self._refuse_sharing()

        self.function = EcrAuthFunction(
            self,
            "Function",
            settings=complete,
            targets=self.targets,
            role_name=name_function_role(installation=settings.installation, home=home) if account and region else None,
            network=network or import_network(self, settings=settings),
        )
        self.access_stacks: list[AccessStack] = []
        entries_here = self._give_access(settings, home=home)
        self.schedules = Schedules(
            self, "Schedules", settings=settings, targets=self.targets, function=self.function.function
        )
        for i, entry in entries_here.items():
            if schedule := self.schedules.by_target.get(self.targets[i].name):
                schedule.node.add_dependency(entry)  # it fires as soon as it is created

        if settings.monitoring:
            self._add_monitoring(settings)

    def _refuse_sharing(self) -> None:
        """Refuse a second installation in the app with the same name, account and region, or with the same Secret.

        Installations with the same name would share metrics, whose only dimension is the name, and therefore alarms.
        Installations with the same Secret would replace each other's token at each check.
        """
        constructs = self.node.root.node.find_all()
        others = [other for other in constructs if isinstance(other, ArgoEcrAuth) and other is not self]
        faults = [
            f"installation: {other.node.path} has the name {self.identity[0]} in the same account and region too, and "
            "they would share metrics; give each its own name"
            for other in others
            if other.identity == self.identity
        ]
        faults += [
            f"credentials: the Secret {namespace}/{name} of cluster {cluster.rpartition('/')[2]} is written by "
            f"{other.node.path} too; give each its own secret_name"
            for other in others
            for cluster, by_namespace in self.objects.items()
            for namespace, names in by_namespace.items()
            for name in names
            if name in other.objects.get(cluster, {}).get(namespace, ())
        ]
        if faults:
            raise SettingsError(faults)

    def _add_monitoring(self, settings: Settings) -> None:
        scope = Construct(self, "Monitoring")
        alarms = Alarms(
            scope,
            "Alarms",
            settings=settings,
            targets=self.targets,
            function=self.function.function,
            schedule_group=self.schedules.group,
            topic=make_alarm_topic(scope, settings=settings),
        )
        Dashboard(
            scope,
            "Dashboard",
            installation=settings.installation,
            alarms=alarms,
            function=self.function.function,
            log_group=self.function.log_group,
        )

    def _give_access(self, settings: Settings, *, home: HomeDeployment) -> Mapping[int, eks.CfnAccessEntry]:
        """Create the access entries, also in access stacks. Return this stack's, by the indexes of their targets."""
        here: Mapping[int, eks.CfnAccessEntry] = {}
        for place, indexes in group_by_place(settings, home=home.place).items():
            entries = make_entries(self.targets, indexes, settings=settings)
            if place != home.place:
                self._add_access_stack(f"{place.account}-{place.region}", settings, home, place, entries)
                continue
            slots = divide_into_stacks(entries)
            for slot in sorted(slots.keys() - {0}):
                self._add_access_stack(str(slot), settings, home, place, slots[slot])
            access = ClusterAccess(
                self,
                "Access",
                entries=slots.get(0, ()),
                principal_arn=self.function.role.role_arn,
                group=settings.installation,
            )
            access.node.add_dependency(self.function.function)
            by_cluster = access.by_cluster
            here = {i: by_cluster[name] for i in indexes if (name := self.targets[i].cluster) in by_cluster}
        return here

    def _add_access_stack(
        self,
        name: str,
        settings: Settings,
        home: HomeDeployment,
        place: AccountRegion,
        entries: tuple[Entry, ...],
    ) -> None:
        stack = AccessStack(
            cast("Construct", cdk.Stage.of(self)),  # every stack is in a stage: at least in the app
            name_access_stack(installation=settings.installation, home=home, clusters=name),
            settings=settings,
            home=home,
            place=place,
            entries=entries,
            function_role_arn=self.function.role_arn,
        )
        # Explicit, because the template has no reference, and IAM refuses to trust a role that does not exist.
        stack.add_stack_dependency(cdk.Stack.of(self))
        self.access_stacks.append(stack)


def _make_address(construct: Construct) -> str:
    """The name of the construct's stack (the outermost, if it is nested) and the construct's address in the app."""
    stack = cdk.Stack.of(construct)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return f"{stack.stack_name}/{construct.node.addr}"
