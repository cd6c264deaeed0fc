"""A run: each credential of each target is kept fresh, in threads beside each other, within a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.core.messages import explain
from argo_ecr_auth.core.results import Result, new_result
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.credential import ApiServers, Run, RunOptions, fail, keep_fresh
from argo_ecr_auth.registry_login import verify_login
from argo_ecr_auth.tokens import TokenIssuer, VerifyLogin

MAX_CONCURRENCY = 16
"""Credentials at once: they wait for networks, hardly for the processor; and ECR allows 20 tokens a second."""


def run_targets(
    targets: Sequence[Target],
    *,
    options: RunOptions,
    cache: WarmCache,
    now: Callable[[], datetime],
    verify_login: VerifyLogin = verify_login,
    servers: ApiServers | None = None,
    explain: Callable[..., str] = explain,
) -> tuple[Result, ...]:
    """Keep the targets' credentials fresh; a result for each, in their order, whatever happens to any of them.

    Ends within `options.seconds`. What has not finished by then is reported as failed, and begins no other write. The
    same holds for a run that is interrupted. `explain` makes the sentence of a result's errors.
    """
    issuer = TokenIssuer(sessions=cache.sessions, verify_login=verify_login, now=now)
    run = Run(options=options, servers=servers or EksApiServers(cache), issuer=issuer, now=now, explain=explain)
    work = [(target, credential) for target in targets for credential in target.credentials]
    # Each target's first, then their second ones: a slow target with many does not keep the others from their start.
    ranks = [rank for target in targets for rank in range(len(target.credentials))]
    pool = _take_pool(cache)
    tasks = {i: pool.submit(keep_fresh, *work[i], run=run) for i in sorted(range(len(work)), key=ranks.__getitem__)}
    try:
        wait(tasks.values(), timeout=options.seconds)
    finally:
        run.stopped.set()
        if all(task.done() for task in tasks.values()):
            cache.idle_pools.append(pool)
        else:  # a thread that hangs would be missing in the next run
            pool.shutdown(wait=False, cancel_futures=True)
    return tuple(
        tasks[i].result()
        if tasks[i].done() and not tasks[i].cancelled()
        else _make_unfinished(target, credential, begun=not tasks[i].cancelled(), run=run)
        for i, (target, credential) in enumerate(work)
    )


def _take_pool(cache: WarmCache) -> ThreadPoolExecutor:
    """Threads of an earlier run, or new ones: to start one is a fourth of an idle run's processor time."""
    try:
        return cache.idle_pools.pop()
    except IndexError:
        return ThreadPoolExecutor(max_workers=MAX_CONCURRENCY)


def _make_unfinished(target: Target, credential: Credential, *, begun: bool, run: Run) -> Result:
    """The result of a credential that the run's time did not suffice for."""
    seconds = f"{run.options.seconds:.0f} s"
    error = (
        f"timed out after {seconds}; the next run tries again. If it persists, {target.cluster} or AWS is slow"
        if begun
        else f"not started within {seconds}; the next run tries again. If this persists, a cluster in the run is slow"
    )
    result = new_result(target, credential, dry_run=run.options.dry_run)
    return fail(result, TimeoutError(), error=error)
