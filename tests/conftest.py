"""How hypothesis runs here: the same examples each time, however slow the machine."""

import hypothesis

hypothesis.settings.register_profile("tests", derandomize=True, deadline=None)
hypothesis.settings.load_profile("tests")
