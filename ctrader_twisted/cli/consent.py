"""
Asking the user for access, in a browser on this machine or on any other one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen
from rich.console import Console
from twisted.internet.defer import Deferred, TimeoutError

from ctrader_twisted.cli.terminal import say
from ctrader_twisted.errors import ConsentDenied
from ctrader_twisted.oauth.redirect import RedirectCatcher, codeFrom
from ctrader_twisted.secret import Secret

__all__ = ["Question", "ask", "askElsewhere"]

_AnswerT = TypeVar("_AnswerT")

_COPIED = "green"
_MINUTES = 5
_ENDS = f"This command waits for {_MINUTES} minutes; Ctrl-C ends it."


@frozen
class Question:
    """
    What the user is asked.

    @ivar url: the page that asks.
    @ivar redirectUri: where the browser goes with the answer.
    @ivar state: what the answer brings back, so that it is known as the answer to this question.
    @ivar needsState: whether the service is known to send it back.
    """

    url: str
    redirectUri: str
    state: str
    needsState: bool


async def ask(reactor: Any, console: Console, question: Question, openBrowser: Callable[[str], None]) -> Secret:
    """
    Ask in a browser on this machine.

    @param reactor: the reactor.
    @param console: where to tell of it.
    @param question: what to ask.
    @param openBrowser: opens an address in the browser.
    @return: the code that buys the tokens.
    @raise PortBusy: if another program uses the port to which the browser is to come.
    @raise ConsentDenied: if the user does not consent, or not in time.
    """
    catcher = RedirectCatcher(reactor, question.redirectUri, state=question.state, needsState=question.needsState)
    catcher.listen()
    try:
        say(console, "Allow the access in your browser. If none opens, open this address in a browser on this machine:")
        say(console, question.url, _COPIED)
        say(console, _ENDS)
        openBrowser(question.url)
        return await _inTime(reactor, catcher.whenCaught(), question)
    finally:
        await catcher.stop()


async def askElsewhere(
    reactor: Any, console: Console, question: Question, readLine: Callable[[], Deferred[str]]
) -> Secret:
    """
    Ask in a browser anywhere; the user brings the answer back by hand.

    @param reactor: the reactor.
    @param console: where to tell of it.
    @param question: what to ask.
    @param readLine: waits for a line from the user.
    @return: the code that buys the tokens.
    @raise ConsentDenied: if the user does not consent, or not in time.
    @raise ConfigurationError: if what comes back is no answer to the question.
    """
    say(console, "Open this address in any browser, and allow the access:")
    say(console, question.url, _COPIED)
    say(
        console,
        f"The browser then goes to an address that begins with {question.redirectUri}; never mind if it cannot show "
        "that page. Paste the whole address here within a minute of allowing the access, and press Enter.",
    )
    say(console, _ENDS)
    line = await _inTime(reactor, readLine(), question)
    return codeFrom(line, question.redirectUri, state=question.state, needsState=question.needsState)


async def _inTime(reactor: Any, answer: Deferred[_AnswerT], question: Question) -> _AnswerT:
    try:
        return await answer.addTimeout(_MINUTES * 60, reactor)
    except TimeoutError:
        raise ConsentDenied(
            f"no answer came within {_MINUTES} minutes; if the browser showed an error, see whether the application's "
            f"page at https://openapi.ctrader.com lists the redirect URI {question.redirectUri}"
        ) from None
