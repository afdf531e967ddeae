"""
Five quotes, a week of bars, and a trade, against the simulator.

Usage: python first_script.py DIR, where DIR is the directory of a running "twistd ctrader-sim --directory DIR".
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twisted.internet.task import react

from ctrader_twisted import Application, Client, Lots, MemoryTokens, TokenPair, hostEndpoint, trustFile


def makeClient(reactor: Any, directory: str) -> Client:
    sim = json.loads(Path(directory, "simulator.json").read_text(encoding="utf-8"))
    endpoint = hostEndpoint(reactor, sim["host"], sim["port"], trustRoot=trustFile(sim["caFile"]))
    application = Application(sim["clientId"], sim["clientSecret"])
    tokens = MemoryTokens(TokenPair(sim["accessToken"], sim["refreshToken"]))
    return Client(reactor, endpoint, application, tokens, startTimeout=10)


async def main(reactor: Any, directory: str) -> None:
    client = makeClient(reactor, directory)
    async with client:
        for found in await client.accounts():
            print("account", found.accountId, "live" if found.isLive else "demo", found.traderLogin)
        demo = next(found for found in await client.accounts() if not found.isLive)
        account = await client.account(demo.accountId)
        eurusd = await account.symbol("EURUSD")

        seen = 0
        async with account.quotes(eurusd) as quotes:
            async for quote in quotes:
                print(quote)
                seen += 1
                if seen == 5:
                    break

        now = datetime.now(UTC)
        bars = await account.trendbars(eurusd, "H1", now - timedelta(weeks=1), now)
        print(len(bars), "bars of one hour")

        trade = await account.buy(eurusd, Lots("0.10"), stopLossPips=20, takeProfitPips=40, label="first script")
        await trade.whenFilled()
        print("bought at", trade.position.entryPrice)

        deal = await trade.position.close()
        print("closed at", deal.price, "with a profit of", deal.grossProfit)


if __name__ == "__main__":
    react(main, sys.argv[1:])
