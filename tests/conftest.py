"""What every test process needs: the limits that an entry point installs, and hypothesis with fixed examples."""

import hypothesis

from argo_ecr_auth.deadlines import install_time_limits

install_time_limits()
hypothesis.settings.register_profile("tests", derandomize=True, deadline=None)
hypothesis.settings.load_profile("tests")
