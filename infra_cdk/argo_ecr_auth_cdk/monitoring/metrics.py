"""The metrics that the function emits: their names are also in argo_ecr_auth.core.results."""

from collections.abc import Callable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "ArgoEcrAuth"

Metric = Callable[[str, str, cdk.Duration], cloudwatch.Metric]


def metric_of(installation: str) -> Metric:
    """Makes a metric of name, statistic and period. Its one dimension is the installation: each more costs money."""

    def metric(name: str, statistic: str, period: cdk.Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": installation},
            statistic=statistic,
            period=period,
        )

    return metric
