"""Imported by the process that commands are copies of: it reads the models of AWS's services, which takes long."""

from functools import cache
from unittest import mock

import botocore.loaders
import botocore.session

_SERVICES = ("cloudformation", "cloudwatch", "ecr", "eks", "iam", "lambda", "logs", "scheduler", "sts")

mock.patch.object(botocore.session, "create_loader", cache(botocore.loaders.create_loader)).start()
for _service in _SERVICES:
    botocore.session.Session().create_client(_service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
