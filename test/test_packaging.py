"""
Tests of what the distribution declares, read from its settings. What a built wheel holds is checked by C{.ci/run}.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from configparser import RawConfigParser
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "ctrader_twisted"

DISTRIBUTIONS = {
    "OpenSSL": "pyopenssl",
    "attr": "attrs",
    "google": "protobuf",
    "service_identity": "service-identity",
    "zope": "zope.interface",
}
"""
The distributions whose modules have other names.
"""

HOSTS = {"pytest"}
"""
What loads a module of the package as its plugin, and is there then.
"""


def requirement(line: str) -> str:
    """
    Take the name from a requirement.

    @param line: one line of the settings.
    @return: the distribution's name in small letters.
    """
    found = re.match(r"[A-Za-z0-9._-]+", line)
    assert found is not None, line
    return found.group().lower()


def importedDistributions() -> set[str]:
    """
    Find what the package imports from elsewhere.

    @return: the names of distributions, in small letters.
    """
    tops: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                tops.add(node.module.split(".")[0])
    foreign = tops - sys.stdlib_module_names - {"ctrader_twisted"}
    return {DISTRIBUTIONS.get(top, top) for top in foreign}


class SettingsTests(SynchronousTestCase):
    """
    C{setup.cfg} declares what there is.
    """

    def setUp(self) -> None:
        """
        Read the settings.
        """
        self.settings = RawConfigParser()
        self.settings.read(PROJECT / "setup.cfg", encoding="utf-8")

    def lines(self, section: str, option: str) -> list[str]:
        """
        @param section: the name of a section.
        @param option: the name of an option in it.
        @return: the lines of its value.
        """
        return [line.strip() for line in self.settings[section][option].splitlines() if line.strip()]

    def test_importsAreDeclared(self) -> None:
        """
        Scenario 89: Each distribution that the package imports is one of its requirements, or of its extras cli,
        keyring, data and plot, or has loaded what imports it.
        """
        declared = {
            requirement(line)
            for section, option in (
                ("options", "install_requires"),
                ("options.extras_require", "cli"),
                ("options.extras_require", "keyring"),
                ("options.extras_require", "data"),
                ("options.extras_require", "plot"),
            )
            for line in self.lines(section, option)
        }
        self.assertEqual(importedDistributions() - declared, HOSTS)

    def test_allIsTheSum(self) -> None:
        """
        The extra all is cli, keyring, data and plot together.
        """
        extras = "options.extras_require"
        parts = [line for name in ("cli", "keyring", "data", "plot") for line in self.lines(extras, name)]
        self.assertEqual(sorted(self.lines(extras, "all")), sorted(parts))

    def test_noPins(self) -> None:
        """
        Scenario 88: No requirement demands one exact version.
        """
        for section, option in (("options", "install_requires"), *self.extras()):
            for line in self.lines(section, option):
                self.assertNotIn("==", line.partition(";")[0])

    def extras(self) -> list[tuple[str, str]]:
        """
        @return: section and option of each extra.
        """
        return [("options.extras_require", name) for name in self.settings["options.extras_require"]]

    def test_dataFiles(self) -> None:
        """
        Each file of the package that is no module is declared as its data, so that it gets into the wheel.
        """
        declared = {
            path
            for package, globs in self.settings["options.package_data"].items()
            for glob in globs.split(",")
            for path in PROJECT.joinpath(*package.split(".")).glob(glob.strip())
        }
        present = {
            path
            for path in PACKAGE.rglob("*")
            if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
        }
        self.assertEqual(present, declared)
        self.assertIn(PACKAGE / "py.typed", declared)

    def test_pythonVersion(self) -> None:
        """
        The settings, the linter and the type checker name one least version of Python.
        """
        tools = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
        version = tools["tool"]["mypy"]["python_version"]
        self.assertEqual(self.settings["options"]["python_requires"], f">={version}")
        self.assertEqual(tools["tool"]["ruff"]["target-version"], "py" + version.replace(".", ""))

    def test_onePlaceForMetadata(self) -> None:
        """
        C{pyproject.toml} holds the build system and the settings of tools, and no metadata.
        """
        tables = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
        self.assertEqual(set(tables), {"build-system", "tool"})


class LayoutTests(SynchronousTestCase):
    """
    The folders are what the settings take them for.
    """

    def test_packages(self) -> None:
        """
        Each folder of modules is a package, since packages are found by their folders.
        """
        folders = {path.parent for path in PACKAGE.rglob("*.py")}
        self.assertEqual({folder for folder in folders if not (folder / "__init__.py").is_file()}, set())

    def test_nothingBesideThePlugin(self) -> None:
        """
        Below C{twisted/} there is nothing but the plugin: an C{__init__.py} would hide Twisted itself.
        """
        modules = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "twisted").rglob("*.py")}
        self.assertLessEqual(modules, {"twisted/plugins/ctrader_twisted_plugin.py"})

    def test_sourceDistribution(self) -> None:
        """
        What the wheel leaves out is in the source distribution.
        """
        manifest = (PROJECT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
        for folder in ("docs", "proto", "test"):
            self.assertIn(f"graft {folder}", manifest)
            self.assertTrue((PROJECT / folder).is_dir())
