"""
Five quotes from cTrader's demo host. Real quotes, play money, and no order is sent.

Usage: python demo_host.py, with CTRADER_CLIENT_ID and CTRADER_CLIENT_SECRET in the environment, and a tokens.json:
{"tokens": [{"accessToken": "...", "refreshToken": "..."}]}, readable by nobody else (chmod 600).
"""

import os
from typing import Any

from twisted.internet.task import react

from ctrader_twisted import Application, Client, FileTokens, demo


async def main(reactor: Any) -> None:
    application = Application(os.environ["CTRADER_CLIENT_ID"], os.environ["CTRADER_CLIENT_SECRET"])
    client = Client(reactor, demo(reactor), application, FileTokens("tokens.json"))
    async with client:
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
