"""Who wrote a credential's objects last."""

from argo_ecr_auth.core.managed_fields import Writer, read_writers
from argo_ecr_auth.core.observed import ObservedState


def find_last_writer(observed: ObservedState) -> Writer | None:
    """The last writer of either object; of two in the same second, the one that is not ours."""
    writers = [*read_writers(observed.secret), *read_writers(observed.config_map)]
    return max(writers, key=lambda writer: (writer.time, not writer.is_ours), default=None)


def name_writer(writer: Writer) -> str:
    """The field manager; with its operation unless it is ours, because the original tool has our name."""
    return writer.manager if writer.is_ours else f"{writer.manager} ({writer.operation})"
