"""
C{ctrader accounts}: which accounts the stored tokens give access to.
"""

from __future__ import annotations

from rich.console import Console

from ctrader_twisted.cli.tables import accountTable, show
from ctrader_twisted.client import Client

__all__ = ["accounts"]


async def accounts(console: Console, client: Client) -> None:
    """
    List them.

    @param console: where to.
    @param client: the client, logged in.
    @raise CTraderError: if the server cannot be asked.
    """
    show(console, accountTable(await client.accounts()))
