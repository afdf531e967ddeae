"""
Five quotes from cTrader's demo host. Real quotes, play money, and no order is sent.

Usage: python demo_host.py, after "ctrader login", which keeps application and tokens in the profile "demo".
"""

from typing import Any

from twisted.internet.task import react

from ctrader_twisted import Client


async def main(reactor: Any) -> None:
    async with Client.fromProfile("demo", reactor=reactor) as client:
        mine = next(found for found in await client.accounts() if not found.isLive)
        account = await client.account(mine.accountId)
        eurusd = await account.symbol("EURUSD")
        seen = 0
        async with account.quotes(eurusd) as quotes:
            async for quote in quotes:
                print(quote)
                seen += 1
                if seen == 5:
                    break


if __name__ == "__main__":
    react(main)
