"""
Tests of L{ctrader_twisted.profiles}.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tomllib
import traceback
from collections.abc import Mapping
from pathlib import Path

import keyring
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import execute
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import durable
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth import FileTokens, KeyringTokens
from ctrader_twisted.oauth.http import OAuth
from ctrader_twisted.oauth.services import CTRADER, SERVICES, Services
from ctrader_twisted.profiles import Profile, ProfileFile, defaultPath
from ctrader_twisted.profiles.rewriting import withTable
from ctrader_twisted.profiles.simulated import readSimulator
from ctrader_twisted.wire import endpoints
from test.test_oauth_keyring import Entries

DEMO = """
# What I play with.
[demo]
endpoint = "ctrader:demo"
clientId = "1000_abc"
clientSecret = "s3cret"
tokens = "tokens-demo.json"

# Mine!
[live] # careful
endpoint = "ctrader:live"
clientId = "1000_abc"
clientSecret = "s3cret"
tokens = "keyring"
services = "openapi"
redirectUri = "http://127.0.0.1:9000/here"
"""

SIMULATED = """
[sim]
simulator = "sim"
tokens = "tokens-sim.json"
"""

SIMULATOR = {
    "host": "127.0.0.1",
    "port": 15035,
    "caFile": "ca.pem",
    "oauth": {"authorizeUrl": "http://127.0.0.1:5080/apps/auth", "tokenUrl": "http://127.0.0.1:5080/apps/token"},
    "clientId": "1000_sim",
    "clientSecret": "sim-s3cret",
    "redirectUri": "http://127.0.0.1:5080/callback",
    "accessToken": "sim-access",
    "refreshToken": "sim-refresh",
    "accounts": [],
}


class DefaultPathTests(SynchronousTestCase):
    """
    Where the file is looked for.
    """

    def setUp(self) -> None:
        """
        Choose a home.
        """
        self.home = Path(self.mktemp()).absolute()
        self.patch(Path, "home", lambda: self.home)

    def on(self, system: str, **environment: str) -> Path:
        """
        @param system: the name of the operating system.
        @param environment: the variables of the environment.
        @return: the file.
        """
        self.patch(sys, "platform", system)
        return defaultPath(environment)

    def test_said(self) -> None:
        """
        A variable says where it is, on each system.
        """
        for system in ("linux", "darwin", "win32"):
            found = self.on(system, CTRADER_PROFILES=str(self.home / "mine"), XDG_CONFIG_HOME="/x", APPDATA="/y")
            self.assertEqual(found, self.home / "mine")
        self.assertEqual(self.on("linux", CTRADER_PROFILES="mine"), Path("mine").absolute())

    def test_usual(self) -> None:
        """
        Else it is where the system keeps configurations.
        """
        end = "ctrader/profiles.toml"
        self.assertEqual(self.on("linux", CTRADER_PROFILES=""), self.home / ".config" / end)
        self.assertEqual(self.on("linux", XDG_CONFIG_HOME=str(self.home / "x")), self.home / "x" / end)
        self.assertEqual(self.on("linux", XDG_CONFIG_HOME="relative"), self.home / ".config" / end)
        self.assertEqual(self.on("darwin"), self.home / "Library/Application Support" / end)
        self.assertEqual(self.on("win32", APPDATA=str(self.home / "a")), self.home / "a" / end)
        self.assertEqual(self.on("win32"), self.home / "AppData/Roaming" / end)

    def test_homeless(self) -> None:
        """
        A user without a home is told how to do without.
        """

        def home() -> Path:
            raise RuntimeError("Could not determine home directory.")

        self.patch(Path, "home", home)
        error = self.assertRaises(ConfigurationError, self.on, "linux")
        self.assertIn("CTRADER_PROFILES", str(error))

    def test_isTheDefault(self) -> None:
        """
        A file that is not named is the user's.
        """
        self.assertEqual(ProfileFile().path, defaultPath())
        self.assertEqual(ProfileFile("mine").path, Path("mine").absolute())


class ProfileCase(SynchronousTestCase):
    """
    A file of profiles beside a simulator's folder.
    """

    def setUp(self) -> None:
        """
        Choose a folder.
        """
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "sim").mkdir(parents=True)
        (self.folder / "sim" / "simulator.json").write_text(json.dumps(SIMULATOR), encoding="utf-8")
        (self.folder / "sim" / "simulator.json").chmod(0o600)
        self.path = self.folder / "profiles.toml"
        self.file = ProfileFile(self.path)

    def put(self, text: str | bytes) -> None:
        """
        @param text: what the file holds.
        """
        self.path.touch(0o600)
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, text: str, name: str = "demo") -> Profile:
        """
        @param text: what the file holds.
        @param name: the name of a profile.
        @return: the profile.
        """
        self.put(text)
        return self.file.read(name)

    def refused(self, text: str | bytes, name: str = "demo") -> str:
        """
        @param text: what a file holds that cannot be used.
        @param name: the name of a profile.
        @return: the sentence that says why, without the file's name at its beginning.
        """
        self.put(text)
        error = self.assertRaises(ConfigurationError, self.file.read, name)
        sentence = str(error)
        self.assertTrue(sentence.startswith(str(self.path)), sentence)
        self.assertNotIn("s3cret", "".join(traceback.format_exception(error)))
        # What is no text or no TOML has the whole of it in its error.
        self.assertNotIsInstance(error.__cause__, ValueError)
        self.assertTrue(error.__suppress_context__ or not isinstance(error.__context__, ValueError))
        self.assertNotIn("\n", sentence)
        return sentence.removeprefix(str(self.path)).removeprefix(": ")


class ReadTests(ProfileCase):
    """
    What can be used is read.
    """

    def test_demo(self) -> None:
        """
        What is not said has defaults.
        """
        found = self.read(DEMO)
        self.assertEqual((found.name, found.endpoint), ("demo", "ctrader:demo"))
        self.assertEqual(found.application.clientId, "1000_abc")
        self.assertEqual(found.application.clientSecret.reveal(), "s3cret")
        self.assertEqual((found.tokens, found.folder), (self.folder / "tokens-demo.json", self.folder))
        self.assertEqual((found.services, found.redirectUri), (CTRADER, "http://127.0.0.1:8765/callback"))
        self.assertFalse(found.isLive)
        self.assertEqual(found.haltFile, self.folder / "halt-demo")
        self.assertNotIn("s3cret", repr(found))

    def test_live(self) -> None:
        """
        What is said counts.
        """
        found = self.read(DEMO, "live")
        self.assertEqual((found.endpoint, found.tokens), ("ctrader:live", None))
        self.assertEqual((found.services, found.redirectUri), (SERVICES["openapi"], "http://127.0.0.1:9000/here"))
        self.assertTrue(found.isLive)

    def test_ownServices(self) -> None:
        """
        Services without a name are spelled out.
        """
        urls = 'authorizeUrl = "https://a.example/auth"\ntokenUrl = "https://a.example/token"\n'
        found = self.read(DEMO.replace("# Mine!", f"[demo.services]\n{urls}"))
        self.assertEqual(found.services, Services("https://a.example/auth", "https://a.example/token"))

    def test_simulator(self) -> None:
        """
        A simulator says itself how it is reached, each time anew.
        """
        found = self.read(SIMULATED, "sim")
        self.assertTrue(found.endpoint.startswith("ctrader:127.0.0.1:15035:caFile="), found.endpoint)
        self.assertEqual(found.application.clientId, "1000_sim")
        self.assertEqual(found.application.clientSecret.reveal(), "sim-s3cret")
        self.assertEqual(found.services.tokenUrl, "http://127.0.0.1:5080/apps/token")
        self.assertEqual(found.redirectUri, "http://127.0.0.1:8765/callback")
        self.assertEqual(found.tokens, self.folder / "tokens-sim.json")
        self.assertFalse(found.isLive)
        changed = json.dumps({**SIMULATOR, "port": 15036})
        (self.folder / "sim" / "simulator.json").write_text(changed, encoding="utf-8")
        self.assertIn(":15036:", self.file.read("sim").endpoint)

    def test_oddSimulator(self) -> None:
        """
        Neither the address of a simulator nor the name of its folder is taken for more of the endpoint.
        """
        folder = self.folder / "s:i=m\\"
        (self.folder / "sim").rename(folder)
        changed = json.dumps({**SIMULATOR, "host": "::1"})
        (folder / "simulator.json").write_text(changed, encoding="utf-8")
        dialled: list[object] = []
        self.patch(endpoints, "trustFile", lambda path: path)
        self.patch(endpoints, "hostEndpoint", lambda _, host, port, trustRoot: dialled.extend((host, port, trustRoot)))
        profile = self.read(SIMULATED.replace('"sim"', "'s:i=m\\'"), "sim")
        profile.makeEndpoint(MemoryReactorClock())
        self.assertEqual(dialled, ["::1", 15035, str(folder / "ca.pem")])
        self.assertFalse(profile.isLive)

    def test_simulatorsPair(self) -> None:
        """
        A simulator tells tokens, too.
        """
        found = readSimulator(self.folder / "sim" / "simulator.json")
        self.assertEqual(found.pair, TokenPair("sim-access", "sim-refresh"))

    def test_mark(self) -> None:
        """
        Some editors of Windows begin a file with a mark, which is no part of it.
        """
        self.assertEqual(self.read(f"\ufeff{DEMO.strip()}").endpoint, "ctrader:demo")

    def test_names(self) -> None:
        """
        Profiles are named in the order of the file, without being read.
        """
        self.assertEqual(self.file.names(), ())
        self.put(DEMO + SIMULATED + "[A-1_b]\n")
        self.assertEqual(self.file.names(), ("demo", "live", "sim", "A-1_b"))


class RefusalTests(ProfileCase):
    """
    What cannot be used is refused in a sentence that names the file and the key, and shows no secret.
    """

    def test_unknown(self) -> None:
        """
        A profile that is not there is told with those that are, and how to make it.
        """
        sentence = str(self.assertRaises(ConfigurationError, self.file.read, "other"))
        self.assertIn("has no profile other, and none at all yet; ", sentence)
        sentence = self.refused(DEMO, "other")
        self.assertIn("has no profile other, only demo, live; ", sentence)
        self.assertIn("ctrader login --profile other", sentence)
        self.assertIn("ctrader sim", sentence)

    def test_missing(self) -> None:
        """
        Each key that is needed is missed by name.
        """
        for line in DEMO.splitlines()[3:7]:
            key = line.split()[0]
            self.assertTrue(self.refused(DEMO.replace(line, "", 1)).startswith(f"demo.{key} is missing"), key)

    def test_wrong(self) -> None:
        """
        Each value that makes no sense is named by its key.
        """
        more = 'services = "mine"'
        for old, new, words in (
            ('"ctrader:demo"', '"tcp:demo:5035"', "demo.endpoint must be ctrader:demo, "),
            ('"ctrader:demo"', "5", "demo.endpoint must be a text"),
            ('"1000_abc"', '""', "demo.clientId is empty"),
            ('"s3cret"', '["s3cret"]', "demo.clientSecret must be a text"),
            ('"tokens-demo.json"', '""', "demo.tokens is empty"),
            ("# Mine!", 'colour = "red"', "demo.colour is unknown; known here are clientId, clientSecret, endpoint, "),
            ("# Mine!", "redirectUri = 1", "demo.redirectUri must be a text"),
            ("# Mine!", more, "demo.services must be one of ctrader, openapi, connect, sandbox, or a table"),
            ("# Mine!", "services = 5", "demo.services must be a text"),
            ("# Mine!", "services = {}", "demo.services.authorizeUrl is missing"),
            ("# Mine!", 'services = {authorizeUrl = "x", tokenUrl = "y"}', "demo.services cannot be used: "),
            (
                "# Mine!",
                'services = {authorizeUrl = "x", tokenUrl = "y", other = "z"}',
                "demo.services.other is unknown",
            ),
        ):
            self.assertIn(old, DEMO)
            sentence = self.refused(DEMO.replace(old, new, 1))
            self.assertTrue(sentence.startswith(words), sentence)

    def test_noProfiles(self) -> None:
        """
        Only profiles are in the file, under names that make names of files.
        """
        self.assertTrue(self.refused('endpoint = "s3cret"').startswith("endpoint belongs to no profile"))
        self.assertTrue(self.refused('["my profile"]').startswith("'my profile' is no name"))
        self.assertTrue(self.refused('["../x"]').startswith("'../x' is no name"))

    def test_noToml(self) -> None:
        """
        What is no TOML is told by its place.
        """
        self.assertEqual(self.refused('[demo]\nclientSecret = "s3cret'), " is no TOML (at end of document)")
        self.assertEqual(self.refused("[demo]\ns3cret"), " is no TOML (at end of document)")
        self.assertEqual(self.refused("[demo]\n[demo]\n"), " is no TOML (at line 2, column 6)")
        self.assertEqual(self.refused(b"\xffs3cret"), " is no text")
        self.assertEqual(self.refused("s3cret = " + "[" * 100_000), " is nested too deeply")

    def test_unreadable(self) -> None:
        """
        A file that is none is told.
        """
        self.path.mkdir()
        words = str(self.assertRaises(ConfigurationError, self.file.names))
        self.assertTrue(words.startswith(f"{self.path} cannot be read: "), words)

    def test_open(self) -> None:
        """
        A file that others can read is refused, and not changed.
        """
        self.put(DEMO)
        self.path.chmod(0o640)
        for call in (self.file.names, lambda: self.file.read("demo"), lambda: self.file.write("demo", {})):
            words = str(self.assertRaises(ConfigurationError, call))
            self.assertIn("can be read by others", words)
        self.assertEqual(self.path.read_text(), DEMO)

    if os.name != "posix":
        test_open.skip = "files have no permission bits here"  # type: ignore[attr-defined]

    def test_simulatorAndMore(self) -> None:
        """
        What a simulator says is not said again.
        """
        for key in ("endpoint", "clientId", "clientSecret", "services"):
            sentence = self.refused(f'{SIMULATED}{key} = "s3cret"', "sim")
            self.assertTrue(sentence.startswith(f"sim.{key} cannot be there together with simulator"), sentence)

    def test_badSimulator(self) -> None:
        """
        What a simulator says has to be there, and complete.
        """
        path = self.folder / "sim" / "simulator.json"
        for content in ("s3cret", '["s3cret"]', "[" * 100_000):
            path.write_text(content)
            sentence = self.refused(SIMULATED, "sim")
            self.assertEqual(sentence, f"sim.simulator cannot be used: {path} is not what a simulator has written")
        path.write_text(json.dumps({**SIMULATOR, "oauth": {"authorizeUrl": "x", "tokenUrl": "y"}}))
        self.assertIn(f"{path}: oauth cannot be used: ", self.refused(SIMULATED, "sim"))
        path.write_text("{}")
        self.assertIn(f"{path}: host is missing", self.refused(SIMULATED, "sim"))
        path.unlink()
        self.assertIn("is the simulator running?", self.refused(SIMULATED, "sim"))


class WriteTests(ProfileCase):
    """
    One profile is changed, and nothing else.
    """

    values = {"endpoint": "ctrader:demo", "clientId": "new", "clientSecret": 'n"ew\\', "tokens": "t.json"}

    def test_first(self) -> None:
        """
        File and folder are made for their owner alone.
        """
        file = ProfileFile(self.folder / "a" / "b" / "profiles.toml")
        file.write("demo", self.values)
        found = file.read("demo")
        self.assertEqual((found.application.clientId, found.application.clientSecret.reveal()), ("new", 'n"ew\\'))
        if os.name == "posix":
            self.assertEqual(stat.S_IMODE(file.path.stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(file.path.parent.stat().st_mode), 0o700)

    def test_replaced(self) -> None:
        """
        Other profiles and all comments stay; keys that are not wanted any more go.
        """
        self.put(DEMO)
        self.file.write("demo", {"simulator": "sim", "tokens": "t.json"})
        expected = DEMO.replace('endpoint = "ctrader:demo"\nclientId = "1000_abc"\nclientSecret = "s3cret"\n', "", 1)
        expected = expected.replace('tokens = "tokens-demo.json"', 'tokens = "t.json"\nsimulator = "sim"')
        self.assertEqual(self.path.read_text(), expected)

    def test_added(self) -> None:
        """
        A new profile comes after the others.
        """
        self.put(DEMO)
        self.file.write("sim", {"simulator": "sim", "tokens": "tokens-sim.json"})
        self.assertEqual(self.path.read_text(), DEMO + SIMULATED)

    def test_services(self) -> None:
        """
        Services can be spelled out.
        """
        urls = {"authorizeUrl": "https://a.example/auth", "tokenUrl": "https://a.example/token"}
        self.put(DEMO)
        self.file.write("demo", {**self.values, "services": urls})
        self.file.write("demo", {**self.values, "services": urls, "redirectUri": "http://127.0.0.1:1/"})
        self.assertEqual(self.file.read("demo").services, Services(urls["authorizeUrl"], urls["tokenUrl"]))
        self.assertEqual(self.file.read("live").endpoint, "ctrader:live")

    def test_refused(self) -> None:
        """
        What is no name, or cannot be written, is refused.
        """
        for name in ("", "a b", "a.b", "../a", "ä"):
            self.assertRaises(ConfigurationError, self.file.write, name, self.values)
        self.assertFalse(self.path.exists())
        (self.folder / "taken").touch()
        file = ProfileFile(self.folder / "taken" / "profiles.toml")
        self.assertIn("cannot be written", str(self.assertRaises(ConfigurationError, file.write, "demo", self.values)))

    def test_damaged(self) -> None:
        """
        A file that is none of profiles is not changed.
        """
        for text in ("[demo", "x = 1\n", '["a b"]\n'):
            self.put(text)
            words = str(self.assertRaises(ConfigurationError, self.file.write, "demo", self.values))
            self.assertTrue(words.startswith(str(self.path)), words)
            self.assertEqual(self.path.read_text(), text)

    def test_openFolder(self) -> None:
        """
        Where others can read each file, no secret is written.
        """
        self.patch(durable, "isPrivate", lambda descriptor: False)
        words = str(self.assertRaises(ConfigurationError, self.file.write, "demo", self.values))
        self.assertEqual(words, f"{self.path} cannot be written: others can read what is in its folder")
        self.assertFalse(self.path.exists())

    def test_scattered(self) -> None:
        """
        A profile whose parts are scattered is not changed, since comments could move.
        """
        for text in ('demo.x = "1"\ndemo.y = "2"\n', '[demo]\nx="1"\n[live]\ny="1"\n[demo.services]\nz="1"\n'):
            self.put(text)
            words = str(self.assertRaises(ConfigurationError, self.file.write, "demo", self.values))
            self.assertEqual(words, f"{self.path}: demo is not written as one table; change it by hand")
            self.assertEqual(self.path.read_text(), text)

    def test_leftovers(self) -> None:
        """
        What a killed process has left is removed.
        """
        (self.folder / "profiles.toml.12345678.new").touch()
        self.file.write("demo", self.values)
        self.assertEqual(sorted(os.listdir(self.folder)), ["profiles.toml", "profiles.toml.lock", "sim"])

    def test_link(self) -> None:
        """
        A link in the usual place stays, and the file that it leads to is changed, under the one lock of that. What is
        named beside it is looked for beside the link.
        """
        (self.folder / "kept").mkdir()
        self.path.symlink_to("kept/mine.toml")
        self.file.write("demo", self.values)
        self.file.write("other", self.values)
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(ProfileFile(self.folder / "kept" / "mine.toml").names(), ("demo", "other"))
        self.assertEqual(sorted(os.listdir(self.folder / "kept")), ["mine.toml", "mine.toml.lock"])
        self.assertEqual(self.file.read("demo").tokens, self.folder / "t.json")

    def test_atOnce(self) -> None:
        """
        Processes that write at the same time lose nothing of each other.
        """
        script = """
import sys
from ctrader_twisted.profiles import ProfileFile
for number in range(10):
    ProfileFile(sys.argv[1]).write(f"{sys.argv[2]}{number}", {"simulator": "sim", "tokens": "t.json"})
"""
        project = Path(__file__).resolve().parent.parent
        words = (sys.executable, "-c", script, str(self.path))
        running = [subprocess.Popen((*words, letter), cwd=project) for letter in "ab"]
        self.assertEqual([each.wait() for each in running], [0, 0])
        self.assertEqual(len(self.file.names()), 20)


_bare = st.text("abcXYZ019_-", min_size=1, max_size=4)
_values = st.dictionaries(_bare, st.text(max_size=6) | st.dictionaries(_bare, st.text(max_size=6), max_size=3))
_tables = st.dictionaries(_bare, _values, max_size=4)


class RewritingTests(SynchronousTestCase):
    """
    Text that is changed.
    """

    @given(_tables, _bare, _values, _values)
    def test_anything(
        self, tables: Mapping[str, object], name: str, first: Mapping[str, str], second: Mapping[str, str]
    ) -> None:
        """
        Whatever is written into whatever was written before, it is read again, and nothing else has changed.
        """
        text = ""
        for each, values in (*tables.items(), (name, first), (name, second)):
            text = withTable(text, each, values)  # type: ignore[arg-type]
        self.assertEqual(tomllib.loads(text), {**tables, name: second})

    def test_following(self) -> None:
        """
        Comments that speak of what follows stay before it, also where a table has another one in it.
        """
        text = '[a] # 1\nx = "1" # 2\n[a.b]\ny = "2"\n# of a\n\n# of c\n[c]\n'
        changed = '[a] # 1\nx = "3" # 2\nz = "4"\n# of a\n\n# of c\n[c]\n'
        self.assertEqual(withTable(text, "a", {"x": "3", "z": "4"}), changed)

    def test_inline(self) -> None:
        """
        A table on one line stays there.
        """
        self.assertEqual(withTable('a = {x = "1"} # 1\n', "a", {"x": "2"}), 'a = {x = "2"} # 1\n')


class MakingTests(ProfileCase):
    """
    What a profile makes.
    """

    def test_isLive(self) -> None:
        """
        Hosts whose names begin so are live, however they are spelled.
        """
        profile = self.read(DEMO)
        for endpoint, isLive in (
            ("ctrader:live", True),
            ("ctrader:live.ctraderapi.com", True),
            ("ctrader:LIVE1.example:5035", True),
            ("ctrader:l\\ive.example:5035", True),
            ("ctrader:caFile=ca.pem:live.example:5035", True),
            ("ctrader:caFile=C\\:\\\\live:demo.example", False),
            ("ctrader:caFile=live", False),
            ("ctrader:a\\=b:live", False),
            ("ctrader:demo", False),
            ("ctrader:127.0.0.1:5035:caFile=live", False),
            ("ctrader:demo.live.example", False),
        ):
            self.put(DEMO.replace('"ctrader:demo"', f"'{endpoint}'"))
            self.assertEqual(self.file.read("demo").isLive, isLive, endpoint)
        self.assertFalse(profile.isLive)

    def test_tokens(self) -> None:
        """
        Tokens are in a file, or in the keyring under a name that tells the file of the profile, too.
        """
        clock = MemoryReactorClock()
        store = self.read(DEMO).tokenStore(clock)
        self.assertIsInstance(store, FileTokens)
        store = self.file.read("live").tokenStore(clock)
        self.assertIsInstance(store, KeyringTokens)

    def test_keyrings(self) -> None:
        """
        In the keyring, profiles of different names or files share neither tokens nor lock.
        """
        self.addCleanup(keyring.set_keyring, keyring.get_keyring())
        keyring.set_keyring(Entries())
        (self.folder / "other").mkdir()
        files = self.file, ProfileFile(self.folder / "other" / "profiles.toml")
        values = {**WriteTests.values, "tokens": "keyring"}
        for file in files:
            file.write("demo", values)
        files[0].write("live", values)
        profiles = files[0].read("demo"), files[0].read("live"), files[1].read("demo")
        stores = [profile.tokenStoreWith(execute) for profile in profiles]
        for place, store in enumerate(stores):
            self.assertTrue(self.successResultOf(store.tryLock()))
            self.successResultOf(store.save((TokenPair(f"access-{place}"),)))
        for place, profile in enumerate(profiles):
            again = profile.tokenStoreWith(execute)
            self.assertFalse(self.successResultOf(again.tryLock()))
            self.assertEqual(self.successResultOf(again.load()), (TokenPair(f"access-{place}"),))
        for store in stores:
            self.successResultOf(store.unlock())

    def test_endpoint(self) -> None:
        """
        An endpoint that makes no sense is told with the profile.
        """
        clock = MemoryReactorClock()
        self.read(DEMO).makeEndpoint(clock)
        profile = self.read(DEMO.replace("ctrader:demo", "ctrader:localhost:port"))
        words = str(self.assertRaises(ConfigurationError, profile.makeEndpoint, clock))
        self.assertIn(f"the profile demo in {self.folder}: endpoint: 'port' is no port", words)

    def test_oauth(self) -> None:
        """
        Tokens are asked for at the profile's services, as its application.
        """
        oauth = self.read(DEMO, "live").makeOAuth(MemoryReactorClock())
        self.assertIsInstance(oauth, OAuth)
        url = oauth.authorizationUrl("trading")
        self.assertTrue(url.startswith("https://openapi.ctrader.com/apps/auth?"), url)
        self.assertIn("client_id=1000_abc", url)
        self.assertIn("redirect_uri=http%3A%2F%2F127.0.0.1%3A9000%2Fhere", url)
