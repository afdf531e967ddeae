"""
A script that blocks, and calls the client from outside the reactor: it asks, waits for the answer, and goes on.

Usage: python blocking_script.py DIR, where DIR is the directory of a running "twistd ctrader-sim --directory DIR".
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from first_script import makeClient
from twisted.internet.task import react
from twisted.internet.threads import blockingCallFromThread, deferToThread


def study(reactor: Any, account: Any) -> None:
    """
    Stands for your code: it runs in a thread of its own and may block as it likes.
    """
    eurusd = blockingCallFromThread(reactor, lambda: account.symbol("EURUSD"))
    now = datetime.now(UTC)
    bars = blockingCallFromThread(reactor, lambda: account.trendbars(eurusd, "H1", now - timedelta(weeks=1), now))
    print(len(bars), "bars of one hour")


async def main(reactor: Any, directory: str) -> None:
    async with makeClient(reactor, directory) as client:
        account = await client.account(next(found.accountId for found in await client.accounts() if not found.isLive))
        await deferToThread(study, reactor, account)


if __name__ == "__main__":
    react(main, sys.argv[1:])
