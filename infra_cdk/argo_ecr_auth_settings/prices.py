"""Estimates the price of an expensive setting, in US dollars a month. docs/costs.md has all prices."""

from argo_ecr_auth_settings.documentation import make_link
from argo_ecr_auth_settings.settings import Settings

METRICS_PER_TARGET = 5

# Of a custom metric in us-east-1 (Amazon CloudWatch pricing).
_FIRST_METRICS, _PRICE, _PRICE_OF_MORE = 10_000, 0.30, 0.10


def describe_price_of_metrics(settings: Settings) -> str | None:
    """What `per_target_metrics` cost, None without them."""
    if not settings.per_target_metrics:
        return None
    targets = sum(target.enabled for target in settings.targets)
    metrics = METRICS_PER_TARGET * targets
    price = min(metrics, _FIRST_METRICS) * _PRICE + max(metrics - _FIRST_METRICS, 0) * _PRICE_OF_MORE
    return (
        f"per_target_metrics: {METRICS_PER_TARGET} metrics for each of {targets} targets cost about {price:,.0f} USD "
        f"a month; see {make_link('costs', 'prices')}"
    )
