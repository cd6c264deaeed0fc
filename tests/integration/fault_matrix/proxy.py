"""A proxy before one service. It fails one request of a run, and passes on the others."""

import itertools

import trustme

from tests.integration.fault_matrix.faults import RequestFault
from tests.servers.server import Answer, Fault, Request, Server
from tests.servers.upstream import Upstream


class Proxy(Server):
    """A server that passes requests on, except while a fault is armed."""

    def __init__(self, upstream: Upstream, *, authority: trustme.CA) -> None:
        super().__init__(upstream, authority=authority)
        self.has_failed = False  # since a fault was armed
        self._upstream = upstream

    def arm(self, fault: RequestFault, *, number: int) -> None:
        """Fail the request of this number, counted from 0 and from now on."""
        self.requests.clear()
        self.has_failed = False
        if fault.break_connections is None:
            self._fail_from(number, fault)
        elif number == 0:
            self._break(fault)
        else:
            self._fail_from(number - 1, fault)

    def disarm(self) -> None:
        """Pass on all requests again, over new connections."""
        self.handler = self._upstream
        self.on_connect = lambda: None
        self.accept()
        self.drop_connections()

    def _fail_from(self, number: int, fault: RequestFault) -> None:
        handle, numbers = fault.handle(self._upstream), itertools.count()

        def answer(request: Request) -> Answer | Fault:
            current = next(numbers)
            if current < number or (current > number and not fault.and_later):
                return self._upstream(request)
            self._break(fault)
            return handle(request)

        self.handler = answer

    def _break(self, fault: RequestFault) -> None:
        self.has_failed = True
        if fault.break_connections is not None:
            fault.break_connections(self)
