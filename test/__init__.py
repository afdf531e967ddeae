"""Tests of ctrader_twisted, run by C{python -m twisted.trial test}."""
