"""Tests of ctrader_twisted, run by C{python -m twisted.trial test}."""

import sys

# None of this is for benchmarks and child processes, which import this too.
if "twisted.trial.runner" in sys.modules:
    from hypothesis import HealthCheck, settings

    from test.leaks import watch

    # How fast the machine is says nothing about the code. Whatever else holds here, such as in CI, stays.
    settings.register_profile("steady", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("steady")
    watch.start()
