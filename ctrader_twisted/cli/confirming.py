"""
The last question before something is sent.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred

from ctrader_twisted.cli.terminal import say
from ctrader_twisted.errors import ConfigurationError

__all__ = ["Manner"]


@frozen(kw_only=True)
class Manner:
    """
    How a command that trades goes about it.

    @ivar isDry: whether it sends nothing, and only tells what it would send.
    @ivar isSure: whether it asks nobody.
    @ivar readLine: waits for a line that the user types; L{None} where nobody can type.
    """

    isDry: bool = False
    isSure: bool = False
    readLine: Callable[[], Deferred[str]] | None = None

    async def letsPass(self, console: Console, *, isLive: bool, what: str, word: str) -> bool:
        """
        Find out whether to send what was shown. Only where it is about real money is the user asked.

        @param console: where to ask.
        @param isLive: whether it is about real money.
        @param what: what the user has to type, in words.
        @param word: what the user has to type.
        @return: whether to send it; L{False} only if nothing is to be sent at all.
        @raise ConfigurationError: if the user has to be asked, and cannot be, or typed something else.
        """
        if self.isDry:
            say(console, "Nothing was sent: this was a dry run.")
            return False
        if isLive and not self.isSure:
            await self._ask(console, what, word)
        return True

    async def _ask(self, console: Console, what: str, word: str) -> None:
        if self.readLine is None:
            raise ConfigurationError(
                "this is about real money, and there is no terminal to confirm it at, so nothing was sent; --yes sends "
                "it without a question"
            )
        say(console, f"This is about real money. To go on, type {what}:")
        try:
            typed = await self.readLine()
        except CancelledError:
            say(console, "Nothing was sent.")
            raise
        if typed != word:
            raise ConfigurationError(f"what was typed is not {what}; nothing was sent")
