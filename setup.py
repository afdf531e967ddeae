import sys

from setuptools import setup

# pip of old Pythons tries every release of everything before it reads python_requires.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("ctrader-twisted needs Python 3.11 or newer, and this is {}.{}.".format(*sys.version_info[:2]))

setup()
