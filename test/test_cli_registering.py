"""
Tests of the application of a profile: said, asked for, taken from another profile.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.registering import Asking, Wish, registered
from ctrader_twisted.cli.sharing import doubles, readable, sharers
from ctrader_twisted.cli.using import ProfileChoice
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth import FileTokens
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.profiles.file import REDIRECT

SECRET = "the-client-secret"

DEMO = {"endpoint": "ctrader:demo", "clientId": "7_app", "clientSecret": SECRET, "tokens": "tokens-demo.json"}


class FileCase(SynchronousTestCase):
    """
    A file of profiles.
    """

    def setUp(self) -> None:
        """
        Choose a place for it.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.file = ProfileFile(self.folder / "profiles.toml")
        self.told: list[str] = []
        self.asked: list[str | None] = []

    def write(self, **profiles: Mapping[str, Any]) -> None:
        """
        Write profiles.
        """
        for name, values in profiles.items():
            self.file.write(name, values)

    def table(self, name: str) -> dict[str, Any]:
        """
        @return: what the file says of a profile.
        """
        found: dict[str, Any] = tomllib.loads(self.file.path.read_text())[name]
        return found


class RegisteringTests(FileCase):
    """
    What a user is asked, and what is written.
    """

    def register(self, name: str = "demo", typed: str = "7_app", **wish: str) -> Profile:
        """
        Read or write a profile, with a user who answers what is asked.
        """

        def ask(text: str, proposal: str | None) -> str:
            self.asked.append(proposal)
            return typed

        def askSecret(text: str) -> str:
            self.asked.append("secret")
            return SECRET

        choice = ProfileChoice(name, isSpelled=True)
        return registered(self.file, choice, Wish(**wish), Asking(self.told.append, ask, askSecret))

    def test_asked(self) -> None:
        """
        The first time both are asked for, and it is said where they come from; the next time nothing is.
        """
        profile = self.register()
        self.assertEqual(self.asked, [None, "secret"])
        self.assertIn("https://openapi.ctrader.com", self.told[0])
        self.assertIn(REDIRECT, self.told[0])
        self.assertIn(str(self.file.path), self.told[1])
        self.assertEqual(self.table("demo"), {**DEMO, "redirectUri": REDIRECT})
        self.assertEqual((profile.application.clientId, profile.isLive), ("7_app", False))
        self.assertEqual(self.register(), profile)
        self.assertEqual(len(self.asked), 2)

    def test_said(self) -> None:
        """
        What is said is not asked for.
        """
        profile = self.register(clientId="8_app", redirectUri="http://localhost:9000/back")
        self.assertEqual((profile.application.clientId, self.asked), ("8_app", ["secret"]))
        self.assertEqual(profile.redirectUri, "http://localhost:9000/back")
        self.assertEqual(self.table("demo")["redirectUri"], "http://localhost:9000/back")
        self.register("own", endpoint="ctrader:localhost:5035", clientId="8_app")
        self.assertEqual(self.asked, ["secret"])
        self.assertEqual(self.table("own")["endpoint"], "ctrader:localhost:5035")

    def test_thisTime(self) -> None:
        """
        For a profile that is there already, another redirect URI is good for this time.
        """
        self.write(demo=DEMO)
        self.assertEqual(self.register(redirectUri="http://127.0.0.1:9000/").redirectUri, "http://127.0.0.1:9000/")
        self.assertEqual(self.table("demo"), DEMO)

    def test_otherEndpoint(self) -> None:
        """
        A profile that is there already is not used to connect to elsewhere than the user says.
        """
        self.write(demo=DEMO)
        self.register(endpoint="ctrader:demo")
        error = self.assertRaises(ConfigurationError, self.register, endpoint="ctrader:live")
        self.assertIn("is there already, and connects to ctrader:demo", str(error))
        self.assertEqual(self.table("demo"), DEMO)
        self.register("own", endpoint="ctrader:a", clientId="8_app")
        self.assertEqual(self.register("own", endpoint="ctrader:b", clientId="8_app").endpoint, "ctrader:b")

    def test_sameApplication(self) -> None:
        """
        The profile live can have the application of demo for an Enter, and then the same tokens, too.
        """
        self.write(demo=DEMO)
        profile = self.register("live")
        self.assertEqual(self.asked, ["7_app"])
        self.assertTrue(profile.isLive)
        self.assertEqual(profile.tokens, self.file.read("demo").tokens)
        self.assertEqual(profile.application, self.file.read("demo").application)

    def test_otherApplication(self) -> None:
        """
        Another application has other tokens, even if the name of their file is taken.
        """
        self.write(demo={**DEMO, "tokens": "tokens-live.json"})
        profile = self.register("live", typed="8_app")
        self.assertEqual(self.asked, ["7_app", "secret"])
        self.assertEqual(profile.tokens, self.folder / "tokens-live1.json")

    def test_elsewhere(self) -> None:
        """
        Tokens that are shared may be anywhere.
        """
        self.write(demo={**DEMO, "tokens": str(self.folder / "deep" / "tokens.json")})
        self.assertEqual(self.register("live").tokens, self.folder / "deep" / "tokens.json")

    def test_keyring(self) -> None:
        """
        The keyring serves one profile alone.
        """
        self.write(demo={**DEMO, "tokens": "keyring"})
        self.assertEqual(self.register("live").tokens, self.folder / "tokens-live.json")
        self.assertIsNone(self.register(clientId="7_app").tokens)

    def test_anew(self) -> None:
        """
        Who names the application of a profile says its secret anew; the rest of the profile stays.
        """
        services = {"authorizeUrl": "https://example.com/auth", "tokenUrl": "https://example.com/token"}
        for kept in ("sandbox", services):
            demo = {**DEMO, "services": kept, "tokens": "mine.json"}
            self.write(demo=demo, live={**DEMO, "endpoint": "ctrader:live"})
            registered(
                self.file,
                ProfileChoice("demo", isSpelled=False),
                Wish(clientId="7_app"),
                Asking(self.told.append, lambda *_: self.fail(), lambda _: "another secret"),
            )
            wanted = {**demo, "redirectUri": REDIRECT, "clientSecret": "another secret"}
            self.assertEqual(self.table("demo"), wanted)

    def test_simulator(self) -> None:
        """
        The profile of the simulator is made by the simulator.
        """
        error = self.assertRaises(ConfigurationError, self.register, "sim")
        self.assertIn("ctrader sim", str(error))

    def test_ownName(self) -> None:
        """
        A profile of another name must say where it connects.
        """
        error = self.assertRaises(ConfigurationError, self.register, "mine")
        self.assertIn("--endpoint ctrader:demo", str(error))
        self.assertEqual(self.file.names(), ())
        profile = self.register("mine", endpoint="ctrader:live")
        self.assertTrue(profile.isLive)

    def test_liveIsSpelled(self) -> None:
        """
        A profile for live accounts is used only if it was named.
        """
        self.write(live={**DEMO, "endpoint": "ctrader:live"})
        choice = ProfileChoice("live", isSpelled=False)
        error = self.assertRaises(ConfigurationError, choice.read, self.file)
        self.assertIn("--profile live", str(error))


class SharingTests(FileCase):
    """
    Which profiles use the same tokens.
    """

    def test_readable(self) -> None:
        """
        A profile that cannot be used does not keep the others from being found.
        """
        self.write(demo=DEMO, broken={**DEMO, "endpoint": "nowhere"}, sim={"simulator": "none", "tokens": "t.json"})
        self.assertEqual(list(readable(self.file)), ["demo"])

    def test_sharers(self) -> None:
        """
        Profiles with the same file share it; keyrings are never shared.
        """
        keyring = {**DEMO, "tokens": "keyring"}
        self.write(demo=DEMO, live={**DEMO, "endpoint": "ctrader:live"}, one=keyring, two=keyring)
        self.assertEqual(sharers(self.file, self.file.read("demo")), ("live",))
        self.assertEqual(sharers(self.file, self.file.read("one")), ())

    def test_doubles(self) -> None:
        """
        A token that lies in two stores is found; stores that cannot be read are left to their own profiles.
        """
        self.write(
            demo=DEMO,
            live={**DEMO, "endpoint": "ctrader:live"},
            copy={**DEMO, "tokens": "copy.json"},
            other={**DEMO, "tokens": "other.json"},
            broken={**DEMO, "tokens": "broken.json"},
        )
        pair = TokenPair("one", "two")
        self.successResultOf(FileTokens(self.folder / "copy.json").save((TokenPair("three", "two"),)))
        self.successResultOf(FileTokens(self.folder / "other.json").save((TokenPair("four"),)))
        (self.folder / "broken.json").write_text("?")
        self.patch(Profile, "tokenStore", lambda profile, reactor: FileTokens(profile.tokens or ""))
        found = Deferred.fromCoroutine(doubles(None, self.file, self.file.read("demo"), (pair,)))
        self.assertEqual(self.successResultOf(found), ("copy",))
