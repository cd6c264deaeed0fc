"""What every test process needs: the limits that an entry point installs, and hypothesis with fixed examples."""

import os
from functools import cache
from unittest import mock

import botocore.loaders
import botocore.session
import hypothesis

from argo_ecr_auth.deadlines import install_time_limits

install_time_limits()
# It takes more than half of a synth. One test in tests/infra/test_app.py lets CDK validate the templates.
os.environ["CDK_VALIDATION"] = "false"
hypothesis.settings.register_profile("tests", derandomize=True, deadline=None)
hypothesis.settings.load_profile("tests")
# Each client reads the models of its service again, which would take more time than what most tests do with it.
mock.patch.object(botocore.session, "create_loader", cache(botocore.loaders.create_loader)).start()
