"""
An asyncio library beside the client: each quote goes through an asyncio queue to a task that writes it.

Usage: python asyncio_library.py DIR, where DIR is the directory of a running "twistd ctrader-sim --directory DIR".
"""

import asyncio
import sys
from typing import Any

from first_script import makeClient
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred

from ctrader_twisted import Quote


async def write(queue: "asyncio.Queue[Quote]", count: int) -> None:
    """
    Stands for your library: this is asyncio's own code, and runs as a task.
    """
    for _ in range(count):
        quote = await queue.get()
        print("written:", quote.bid, quote.ask)


async def main(reactor: Any, directory: str) -> None:
    async with makeClient(reactor, directory) as client:
        account = await client.account(next(found.accountId for found in await client.accounts() if not found.isLive))
        eurusd = await account.symbol("EURUSD")
        queue: asyncio.Queue[Quote] = asyncio.Queue(maxsize=1_000)
        writing = asyncio.ensure_future(write(queue, 3))
        listening = account.onQuote(eurusd, queue.put_nowait)
        await Deferred.fromFuture(writing)
        listening.stop()


if __name__ == "__main__":
    # Before anything else of Twisted's takes a reactor.
    asyncioreactor.install(asyncio.new_event_loop())
    from twisted.internet.task import react

    react(main, sys.argv[1:])
