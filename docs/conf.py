"""
The settings with which Sphinx builds these pages: C{sphinx-build -W docs docs/_build}.
"""

from configparser import RawConfigParser
from pathlib import Path

_setup = RawConfigParser()
_setup.read(Path(__file__).resolve().parent.parent / "setup.cfg", encoding="utf-8")

project = "ctrader_twisted"
author = _setup["metadata"]["author"]
copyright = f"2026, {author}"
release = version = _setup["metadata"]["version"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": _setup["metadata"]["description"]}
