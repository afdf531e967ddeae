"""
Tests of the commands C{login}, C{tokens}, C{accounts}, C{logout} and C{doctor}: on an exchange in memory, and as
processes against a simulator.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from click.testing import CliRunner, Result
from twisted.internet.defer import Deferred, execute
from twisted.trial.unittest import TestCase

from ctrader_twisted.cli import commands, commands_profiles, probes, terminal, using
from ctrader_twisted.client import Client, client
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.profiles import Profile
from test.daemons import Command
from test.profilecase import REDIRECT, ProfileCase, freePort, profilesFor
from test.test_cli_doctor import Probes


class CommandTests(ProfileCase):
    """
    The commands in this process, with profiles that they write themselves.
    """

    def setUp(self) -> None:
        """
        Let profiles lead to the exchange, and commands run on its time.
        """
        super().setUp()
        self.file = profilesFor(self)
        self.clientId = self.virtual.application.clientId
        self.secret = self.virtual.application.clientSecret.reveal()
        self.debugging: list[bool] = []
        self.patch(Profile, "makeEndpoint", lambda profile, clock: self.on(profile).makeEndpoint(clock))
        self.patch(Profile, "makeOAuth", lambda profile, clock: self.on(profile).makeOAuth(clock))
        self.patch(Profile, "tokenStore", lambda profile, _: profile.tokenStoreWith(execute))
        self.patch(Client, "fromProfile", self.client)
        self.patch(client, "systemTime", lambda: self.now)
        self.patch(terminal, "readLine", lambda _: Deferred.fromCoroutine(self.paste()))
        self.patch(probes, "NetworkProbes", lambda _: Probes(self))
        self.patch(commands_profiles, "perform", self.perform)

    def on(self, profile: Profile) -> Any:
        """
        @return: a profile of the exchange, with the application and name of another one.
        """
        return self.profile(name="live" if profile.isLive else "demo", application=profile.application)

    def client(self, name: str, reactor: Any, **options: Any) -> Client:
        """
        Make the client of a profile.
        """
        return self.virtual.client(tokens=self.file.read(name).tokenStoreWith(execute), **options)

    def perform(self, main: Any, *args: object, debug: bool = False) -> None:
        """
        Run a command on virtual time.
        """
        self.debugging.append(debug)
        with using.explaining(debug=True):
            self.drive(main(self.virtual.clock, self.console, *args))

    async def paste(self) -> str:
        """
        @return: where the browser ends after the user has allowed the access.
        """
        url = re.findall(r"^http\S+/auth\S+$", self.shown, re.MULTILINE)[-1]
        answer = await self.http.get(f"{url}&auto=1", allow_redirects=False)
        return str(answer.headers.getRawHeaders("location")[0])

    def invoke(self, *words: str, typed: str = "", status: int = 0, **environment: str) -> Result:
        """
        Run a command.

        @param words: what follows C{ctrader}.
        @param typed: what the user types.
        @param status: how it is to end.
        @param environment: variables.
        @return: how it ended. No secret was shown.
        """
        result = CliRunner(env={"CTRADER_CLIENT_SECRET": "", **environment}).invoke(commands.ctrader, words, typed)
        self.assertEqual(result.exit_code, status, result.output)
        self.assertEqual([each for each in self.secrets if each in result.output], [])
        return result

    def login(self) -> Result:
        """
        Log in for the first time.
        """
        return self.invoke("login", "--no-browser", typed=f"{self.clientId}\n{self.secret}\n")

    def test_help(self) -> None:
        """
        All commands explain themselves.
        """
        text = self.invoke("--help").output
        for name in ("login", "tokens", "accounts", "logout", "doctor"):
            self.assertIn(f"  {name} ", text)
            self.assertIn("--profile", self.invoke(name, "--help").output)
        self.assertIn("--expires-in SECONDS", self.invoke("tokens", "import", "--help").output)

    def test_login(self) -> None:
        """
        From nothing to accounts: the application is asked for once, and everything else follows.
        """
        result = self.login()
        self.assertIn(REDIRECT, result.output)
        self.assertIn("ctrader quotes EURUSD --profile demo", self.shown)
        for words in (("accounts",), ("tokens",), ("doctor",), ("login", "--no-browser", "--scope", "accounts")):
            self.invoke(*words)
        self.assertEqual(self.debugging, [False] * 5)
        self.invoke("accounts", "--debug")
        self.assertTrue(self.debugging[-1])

    def test_environment(self) -> None:
        """
        The secret may come from the environment, and then is not asked for.
        """
        self.invoke("login", "--no-browser", "--client-id", self.clientId, status=0, CTRADER_CLIENT_SECRET=self.secret)
        self.assertEqual(self.file.read("demo").application, self.virtual.application)

    def test_live(self) -> None:
        """
        The live profile is made for an Enter after the one for demo, and has the same tokens. It must be named.
        """
        self.login()
        self.invoke("login", "--no-browser", "--profile", "live", typed="\n")
        demo, live = self.file.read("demo"), self.file.read("live")
        self.assertEqual((live.tokens, live.application), (demo.tokens, demo.application))
        result = self.invoke("accounts", status=1, CTRADER_PROFILE="live")
        self.assertIn("--profile live", result.output)
        self.invoke("accounts", "--profile", "live")

    def test_refused(self) -> None:
        """
        What goes wrong before anything runs, and while it runs, is told alike.
        """
        self.assertIn("--endpoint", self.invoke("login", "--profile", "mine", status=1).output)
        result = self.invoke("login", "--client-id", "wrong", typed="secret\n", status=1)
        self.assertIn("Check client id and client secret", result.output)
        self.assertIn("ctrader login", self.invoke("accounts", "--profile", "none", status=1).output)
        self.assertEqual(self.invoke("login", "--scope", "all", status=2).exit_code, 2)

    def test_aborted(self) -> None:
        """
        Who does not answer is left alone.
        """
        self.assertIn("Aborted", self.invoke("login", status=1).output)
        self.assertEqual(self.file.names(), ())

    def test_import(self) -> None:
        """
        A pair can be given as two lines, for the profile that is named before or after the word.
        """
        self.login()
        self.invoke("login", "--no-browser", "--profile", "live", typed="\n")
        pair = self.pair("view")
        assert pair.refreshToken is not None
        lines = f"{pair.accessToken.reveal()}\n{pair.refreshToken.reveal()}\n"
        for before, after in ((("--profile", "live"), ()), ((), ("--profile", "live")), ((), ())):
            self.screen.truncate(0)
            self.invoke("tokens", *before, "import", "--expires-in", "60", *after, typed=lines)
            name = "live" if before or after else "demo"
            self.assertIn(f"--profile {name}", self.shown)
        (stored,) = self.stored(self.file.read("demo"))
        self.assertEqual((stored.accessToken, stored.scope), (pair.accessToken, "accounts"))
        assert stored.expires is not None
        self.assertLess(stored.expires - self.now, 60_001)
        self.assertIn("No access token", self.invoke("tokens", "import", status=1).output)
        words = self.invoke("tokens", "import", "--profile", "none", typed=lines, status=1).output
        self.assertIn("ctrader login --profile none", words)

    def test_importTyped(self) -> None:
        """
        At a terminal both are asked for, and not shown; the refresh token may be left out. Where there is no profile,
        the application is asked for, too.
        """
        self.patch(commands_profiles, "_isTerminal", lambda: True)
        token = self.pair("view").accessToken.reveal()
        result = self.invoke("tokens", "import", typed=f"{self.clientId}\n{self.secret}\n{token}\n\n")
        self.assertIn("Access token:", result.output)
        (stored,) = self.stored(self.file.read("demo"))
        self.assertEqual(stored, TokenPair(token, scope="accounts", userId=7001))

    def test_logout(self) -> None:
        """
        It is asked first, naming all whom it concerns, unless that is not wanted.
        """
        self.login()
        self.invoke("login", "--no-browser", "--profile", "live", typed="\n")
        result = self.invoke("logout", typed="n\n", status=1)
        self.assertIn("Forget the tokens of demo and live?", result.output)
        self.assertEqual(len(self.stored(self.file.read("demo"))), 1)
        self.invoke("logout", typed="y\n")
        self.assertEqual(self.stored(self.file.read("live")), ())
        self.assertNotIn("?", self.invoke("logout", "--yes").output)

    def test_doctor(self) -> None:
        """
        The status tells whether anything is wrong.
        """
        self.assertIn("found something wrong: 1", self.invoke("doctor", status=1).output)
        self.login()
        self.invoke("doctor")


_BROWSER = """
import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1] + "&auto=1").read().decode()
open("page.html", "w").write(page)
"""


class ProcessTests(TestCase):
    """
    C{ctrader login} as a process, against C{ctrader sim} as another one.
    """

    timeout = 90

    def setUp(self) -> None:
        """
        Make a folder, and a browser that allows everything.
        """
        self.file = profilesFor(self)
        self.folder = self.file.path.parent
        self.folder.mkdir()
        browser = self.folder / "browser.py"
        browser.write_text(_BROWSER)
        self.environment = {
            "CTRADER_PROFILES": str(self.file.path),
            "BROWSER": f"{sys.executable} {browser} %s",
            "COLUMNS": "200",
        }

    def command(self, *words: str) -> Command:
        """
        @return: a process, which does not outlive the test.
        """
        child = Command(self.folder, *words, environment=self.environment)
        self.addCleanup(child.end, "KILL")
        return child

    async def simulator(self) -> str:
        """
        Start the simulator.

        @return: where the browser can come back to.
        """
        sim = self.command("sim", "--port", "0", "--oauth-port", "0")
        await sim.says("Ctrl-C ends it")
        return f"http://127.0.0.1:{freePort()}/callback"

    def assertNoSecret(self, text: str) -> None:
        """
        Demand that nothing in a text is secret.
        """
        (pair,) = self.tokens()
        assert pair.refreshToken is not None
        for secret in (pair.accessToken, pair.refreshToken, self.file.read("sim").application.clientSecret):
            self.assertNotIn(secret.reveal(), text)

    def tokens(self) -> tuple[TokenPair, ...]:
        """
        @return: what is stored.
        """
        return self.successResultOf(self.file.read("sim").tokenStoreWith(execute).load())

    async def test_browser(self) -> None:
        """
        The browser is opened, allows the access, comes back, and is told that it can be closed.
        """
        redirectUri = await self.simulator()
        (before,) = self.tokens()
        login = self.command("login", "--profile", "sim", "--redirect-uri", redirectUri)
        self.assertEqual(await login.whenEnded(), 0, login.text)
        self.assertRegex(login.text, r"20001 +5000001 +demo")
        (after,) = self.tokens()
        self.assertNotEqual(after.accessToken, before.accessToken)
        self.assertNoSecret(login.text)
        self.assertIn("close this window", (self.folder / "page.html").read_text())

    async def test_interrupted(self) -> None:
        """
        Ctrl-C ends the wait for the browser and the one for the keyboard, with its own status and without a word.
        """
        redirectUri = await self.simulator()
        self.environment["BROWSER"] = f"{sys.executable} -c pass"
        for more in ((), ("--no-browser",)):
            login = self.command("login", "--profile", "sim", "--redirect-uri", redirectUri, *more)
            await login.says("Ctrl-C ends it.")
            self.assertEqual(await login.end("INT"), 130)
            self.assertTrue(login.text.endswith("Ctrl-C ends it.\n"), login.text)

    async def test_pasted(self) -> None:
        """
        Without a browser on this machine, the answer is pasted.
        """
        redirectUri = await self.simulator()
        login = self.command("login", "--profile", "sim", "--redirect-uri", redirectUri, "--no-browser")
        found = await login.says(r"(?m)^http\S+/auth\S+$")
        await login.says("Ctrl-C ends it.")
        login.transport.write(f"{await self.allowed(found[0])}\n".encode())
        self.assertEqual(await login.whenEnded(), 0, login.text)
        self.assertNoSecret(login.text)

    async def allowed(self, url: str) -> str:
        """
        @return: where a browser ends that allows the access.
        """
        import treq

        answer = await treq.get(f"{url}&auto=1", allow_redirects=False, persistent=False)
        await treq.content(answer)
        return str(answer.headers.getRawHeaders("location")[0])

    if os.name != "posix":
        test_interrupted.skip = "there are no such signals here"  # type: ignore[attr-defined]
