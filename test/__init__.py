"""Tests of ctrader_twisted, run by C{python -m twisted.trial test}."""

import sys

# The watch is no burden to benchmarks and to child processes, which import this too.
if "twisted.trial.runner" in sys.modules:
    from test.leaks import watch

    watch.start()
