"""
Tests of the configuration file of C{twistd ctrader}.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from pathlib import Path

from twisted.internet.defer import execute
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.profiles import defaultPath
from ctrader_twisted.tap.configuration import Configuration, Wanted, makeClient, readConfiguration

PLAIN = """
endpoint = "ctrader:demo"
[application]
clientId = "1000_abc"
clientSecretFile = "secret.txt"
[tokens]
file = "tokens.json"
[[accounts]]
id = 20001
symbols = ["EURUSD", "XAUUSD"]
"""

SIMULATED = """
simulator = "simulator.json"
[[accounts]]
id = 20001
symbols = []
"""

PROFILED = """
profile = "real"
profiles = "profiles.toml"
[[accounts]]
id = 20001
symbols = []
"""

PROFILES = """
[real]
endpoint = "ctrader:live"
clientId = "1000_real"
clientSecret = "its-secret"
tokens = "tokens.json"
"""

SIMULATOR = {
    "host": "127.0.0.1",
    "port": 15035,
    "caFile": "C:/sim/ca.pem",
    "oauth": {"authorizeUrl": "http://127.0.0.1:5080/apps/auth", "tokenUrl": "http://127.0.0.1:5080/apps/token"},
    "clientId": "1000_sim",
    "clientSecret": "sim-secret",
    "accessToken": "sim-access",
    "refreshToken": "sim-refresh",
}


class ConfigurationCase(SynchronousTestCase):
    """
    A folder with all the files that configurations of these tests name.
    """

    def setUp(self) -> None:
        """
        Write the files.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "client.toml"
        self.write("secret.txt", "file-secret\n")
        self.write("tokens.json", json.dumps({"tokens": [{"accessToken": "file-access"}]}))
        self.write("simulator.json", json.dumps(SIMULATOR))

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """
        @param name: the name of a file.
        @param text: its content.
        @param mode: who may read it.
        @return: its path.
        """
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def read(self, text: str, **environment: str) -> Configuration:
        """
        @param text: the content of the configuration file.
        @param environment: the variables of the environment.
        @return: what it says.
        """
        self.path.write_text(text, encoding="utf-8")
        return readConfiguration(self.path, environment)

    def refused(self, text: str, **environment: str) -> str:
        """
        @param text: the content of a configuration file that cannot be used.
        @param environment: the variables of the environment.
        @return: the sentence that says why, without the file's name at its beginning.
        """
        sentence = str(self.assertRaises(ConfigurationError, self.read, text, **environment))
        self.assertTrue(sentence.startswith(str(self.path)), sentence)
        self.assertNotIn("\n", sentence)
        return sentence.removeprefix(str(self.path)).removeprefix(": ")

    def pairs(self, configuration: Configuration) -> tuple[TokenPair, ...]:
        """
        @param configuration: a configuration.
        @return: what its token store holds.
        """
        return self.successResultOf(configuration.tokens(execute).load())


class ReadTests(ConfigurationCase):
    """
    What can be used is read.
    """

    def test_files(self) -> None:
        """
        Secret and tokens come from files beside the configuration.
        """
        found = self.read(PLAIN)
        self.assertEqual(found.endpoint, "ctrader:demo")
        self.assertEqual(found.application.clientId, "1000_abc")
        self.assertEqual(found.application.clientSecret.reveal(), "file-secret")
        self.assertEqual(self.pairs(found), (TokenPair("file-access"),))
        self.assertEqual(found.accounts, (Wanted(20001, ("EURUSD", "XAUUSD")),))
        self.assertNotIn("secret", repr(found).replace("clientSecret", ""))

    def test_environment(self) -> None:
        """
        Secret and token come from the environment where the configuration names no file.
        """
        text = PLAIN.replace('clientSecretFile = "secret.txt"', "").replace('[tokens]\nfile = "tokens.json"', "")
        found = self.read(text, CTRADER_CLIENT_SECRET="its-secret", CTRADER_ACCESS_TOKEN="its-access")
        self.assertEqual(found.application.clientSecret.reveal(), "its-secret")
        self.assertEqual(self.pairs(found), (TokenPair("its-access"),))

    def test_fileBeforeEnvironment(self) -> None:
        """
        A file that the configuration names counts more than the environment.
        """
        found = self.read(PLAIN, CTRADER_CLIENT_SECRET="its-secret", CTRADER_ACCESS_TOKEN="its-access")
        self.assertEqual(found.application.clientSecret.reveal(), "file-secret")
        self.assertEqual(self.pairs(found), (TokenPair("file-access"),))

    def test_simulator(self) -> None:
        """
        The simulator's own file gives everything but the accounts.
        """
        found = self.read(SIMULATED)
        self.assertIn("caFile=", found.endpoint)
        self.assertTrue(found.endpoint.startswith("ctrader:127.0.0.1:15035:"), found.endpoint)
        self.assertEqual(found.application.clientId, "1000_sim")
        self.assertEqual(found.application.clientSecret.reveal(), "sim-secret")
        self.assertEqual(self.pairs(found), (TokenPair("sim-access", "sim-refresh"),))

    def test_profile(self) -> None:
        """
        A profile gives everything but the accounts, and may be a live one, as it is spelled out.
        """
        self.write("profiles.toml", PROFILES)
        found = self.read(PROFILED)
        self.assertEqual((found.endpoint, found.application.clientId), ("ctrader:live", "1000_real"))
        self.assertEqual(found.application.clientSecret.reveal(), "its-secret")
        self.assertEqual(self.pairs(found), (TokenPair("file-access"),))

    def test_usersProfile(self) -> None:
        """
        Profiles are the user's, if nothing else is said.
        """
        path = self.write("profiles.toml", PROFILES)
        self.patch(defaultPath, "__defaults__", ({"CTRADER_PROFILES": str(path)},))
        self.assertEqual(self.read(PROFILED.replace('profiles = "profiles.toml"', "")).endpoint, "ctrader:live")

    def test_colonInPath(self) -> None:
        """
        A colon in the path of the simulator's authority does not end it.
        """
        folder = self.folder / "a:b"
        if os.name == "posix":
            folder.mkdir()
        path = folder / "ca.pem"
        self.write("simulator.json", json.dumps({**SIMULATOR, "caFile": str(path)}))
        configuration = self.read(SIMULATED)
        error = self.assertRaises(ConfigurationError, makeClient, MemoryReactorClock(), configuration, MemoryTokens())
        self.assertIn(str(path), str(error))


class RefusalTests(ConfigurationCase):
    """
    What cannot be used is refused in one sentence that names file and key.
    """

    def test_noFile(self) -> None:
        """
        The file itself has to be there.
        """
        error = self.assertRaises(ConfigurationError, readConfiguration, self.folder / "none.toml", {})
        self.assertEqual(str(error), f"{self.folder / 'none.toml'} cannot be read: No such file or directory")

    def test_noToml(self) -> None:
        """
        The file has to be TOML.
        """
        self.assertIn("is no TOML", self.refused("endpoint = demo"))
        self.path.write_bytes(b"\xff")
        self.assertIn("is no TOML", str(self.assertRaises(ConfigurationError, readConfiguration, self.path, {})))

    def test_missing(self) -> None:
        """
        Each key that is needed is missed by name.
        """
        for line, name in (
            ('endpoint = "ctrader:demo"', "endpoint"),
            ('clientId = "1000_abc"', "application.clientId"),
            ('clientSecretFile = "secret.txt"', "application.clientSecretFile"),
            ('file = "tokens.json"', "tokens.file"),
            ("id = 20001", "accounts[0].id"),
            ('symbols = ["EURUSD", "XAUUSD"]', "accounts[0].symbols"),
        ):
            self.assertIn(line, PLAIN)
            self.assertTrue(self.refused(PLAIN.replace(line, "")).startswith(f"{name} is missing"), name)
        self.assertTrue(self.refused('endpoint = "ctrader:demo"').startswith("accounts is missing"))

    def test_wrongTypes(self) -> None:
        """
        Each value of a wrong type is named by its key.
        """
        for old, new, name in (
            ('endpoint = "ctrader:demo"', "endpoint = 5", "endpoint"),
            ('endpoint = "ctrader:demo"', 'endpoint = ""', "endpoint"),
            ('clientId = "1000_abc"', "clientId = 1000", "application.clientId"),
            ('[tokens]\nfile = "tokens.json"', "", "tokens"),
            ("id = 20001", 'id = "20001"', "accounts[0].id"),
            ("id = 20001", "id = true", "accounts[0].id"),
            ("id = 20001", "id = 0", "accounts[0].id"),
            ('["EURUSD", "XAUUSD"]', '"EURUSD"', "accounts[0].symbols"),
            ('["EURUSD", "XAUUSD"]', '["EURUSD", 1]', "accounts[0].symbols"),
            ('["EURUSD", "XAUUSD"]', '[""]', "accounts[0].symbols"),
            ("[[accounts]]", "[accounts]", "accounts"),
        ):
            self.assertIn(old, PLAIN)
            text = PLAIN.replace(old, new)
            text = 'tokens = "x"' + text if name == "tokens" else text
            self.assertTrue(self.refused(text).startswith(f"{name} "), (new, self.refused(text)))
        self.assertTrue(self.refused('accounts = []\nendpoint = "ctrader:demo"').startswith("accounts "))
        self.assertTrue(self.refused("accounts = [1]").startswith("accounts "))

    def test_unknownKeys(self) -> None:
        """
        A key that nobody knows is refused on each level, with those that are known.
        """
        for old, name in (
            ("\nendpoint", "colour"),
            ("[application]", "application.colour"),
            ("[tokens]", "tokens.colour"),
            ("[[accounts]]", "accounts[0].colour"),
        ):
            new = f'colour = "red"\n{old.strip()}' if old == "\nendpoint" else f'{old}\ncolour = "red"'
            sentence = self.refused(PLAIN.replace(old, new))
            self.assertTrue(sentence.startswith(f"{name} is unknown; known here are "), sentence)

    def test_noSecretsInside(self) -> None:
        """
        The secret itself has no place in the file, and is not repeated in the sentence.
        """
        sentence = self.refused(PLAIN.replace("clientSecretFile", "clientSecret"), CTRADER_CLIENT_SECRET="x")
        self.assertTrue(sentence.startswith("application.clientSecret is unknown"))
        self.assertNotIn("secret.txt", sentence)

    def test_otherEndpoints(self) -> None:
        """
        Endpoints that do not verify the server are refused.
        """
        for endpoint in ("tcp:demo.ctraderapi.com:5035", "ssl:demo.ctraderapi.com:5035", "demo"):
            self.assertIn("ctrader:live", self.refused(PLAIN.replace("ctrader:demo", endpoint)))

    def test_badSecretFile(self) -> None:
        """
        The file of the secret has to be there, not empty, and text.
        """
        self.write("secret.txt", " \n")
        self.assertIn("which is empty", self.refused(PLAIN))
        (self.folder / "secret.txt").write_bytes(b"\xff\xfe")
        self.assertIn("which is no text", self.refused(PLAIN))
        (self.folder / "secret.txt").unlink()
        self.assertTrue(self.refused(PLAIN).startswith("application.clientSecretFile names "))

    def test_openSecretFile(self) -> None:
        """
        The file of the secret may be read by nobody else.
        """
        self.write("secret.txt", "secret", 0o640)
        sentence = self.refused(PLAIN)
        self.assertIn("application.clientSecretFile", sentence)
        self.assertIn("chmod 600", sentence)

    if os.name != "posix":
        test_openSecretFile.skip = "files have no permission bits here"  # type: ignore[attr-defined]

    def test_badTokenFile(self) -> None:
        """
        The file of the tokens has to be there, and hold one.
        """
        self.write("tokens.json", '{"tokens": []}')
        self.assertEqual(
            self.refused(PLAIN), "tokens.file cannot be used: there is no token in it; ctrader login gets one"
        )
        (self.folder / "tokens.json").unlink()
        self.assertTrue(self.refused(PLAIN).startswith("tokens.file cannot be used: "))

    def test_simulatorAndMore(self) -> None:
        """
        What the simulator's file says cannot be said again.
        """
        self.assertTrue(self.refused('simulator = "simulator.json"\n' + PLAIN).startswith("endpoint cannot be there"))

    def test_profileAndMore(self) -> None:
        """
        Nor can what a profile says, nor two of them, nor a file of profiles alone.
        """
        self.write("profiles.toml", PROFILES)
        sentence = self.refused(PROFILED + '[tokens]\nfile = "tokens.json"')
        self.assertEqual(sentence, "tokens cannot be there together with profile, which says it, too")
        self.assertIn("profile is unknown", self.refused('simulator = "simulator.json"' + PROFILED))
        self.assertIn("profiles is unknown", self.refused('profiles = "profiles.toml"\n' + PLAIN))

    def test_badProfile(self) -> None:
        """
        A profile has to be there, complete, and with a token.
        """
        self.assertIn("profile cannot be used: ", self.refused(PROFILED))
        self.write("profiles.toml", PROFILES.replace('clientId = "1000_real"\n', ""))
        path = (self.folder / "profiles.toml").absolute()
        words = f"profile cannot be used: {path}: real.clientId is missing; it is a text in quotes"
        self.assertEqual(self.refused(PROFILED), words)
        self.write("profiles.toml", PROFILES.replace("tokens.json", "none.json"))
        self.assertEqual(
            self.refused(PROFILED), "profile cannot be used: there is no token in it; ctrader login gets one"
        )

    def test_badSimulatorFile(self) -> None:
        """
        The simulator's file has to be there, and complete.
        """
        path = self.folder / "simulator.json"
        for content in ("nothing", "[]"):
            path.write_text(content)
            self.assertIn("not what a simulator has written", self.refused(SIMULATED))
        path.write_text("{}")
        error = self.assertRaises(ConfigurationError, self.read, SIMULATED)
        words = f"simulator cannot be used: {path.absolute()}: host is missing; it is a text in quotes"
        self.assertEqual(str(error), f"{self.path}: {words}")
        path.unlink()
        self.assertIn("is the simulator running?", self.refused(SIMULATED))


class ClientTests(ConfigurationCase):
    """
    Configurations become clients.
    """

    def test_made(self) -> None:
        """
        The client wants the accounts from the start, and is not started.
        """
        client = makeClient(MemoryReactorClock(), self.read(PLAIN), MemoryTokens())
        self.assertIsInstance(client, Client)
        self.assertEqual(list(client.status.accounts), [20001])
        self.assertFalse(client.running)

    def test_noSuchEndpoint(self) -> None:
        """
        An endpoint string that makes no sense is refused by its key.
        """
        configuration = self.read(PLAIN.replace("ctrader:demo", "ctrader:localhost:port"))
        error = self.assertRaises(ConfigurationError, makeClient, MemoryReactorClock(), configuration, MemoryTokens())
        self.assertTrue(str(error).startswith(f"{self.path}: endpoint: 'port' is no port"), error)


class DocumentationTests(ConfigurationCase):
    """
    The documentation shows configurations that work.
    """

    def test_examples(self) -> None:
        """
        All examples can be read.
        """
        page = Path(__file__).resolve().parent.parent / "docs" / "howto" / "daemon.rst"
        blocks = re.findall(r"::\n\n((?:    .*\n|\n)+)", page.read_text(encoding="utf-8"))
        examples = [textwrap.dedent(block) for block in blocks if "[[accounts]]" in block]
        self.assertEqual(len(examples), 3)
        path = self.write("profiles.toml", PROFILES.replace("[real]", "[demo]"))
        self.patch(defaultPath, "__defaults__", ({"CTRADER_PROFILES": str(path)},))
        (self.folder / "sim").mkdir()
        self.write("sim/simulator.json", json.dumps(SIMULATOR))
        self.assertEqual([self.read(text).accounts[0].accountId for text in examples], [1234567, 20001, 1234567])
