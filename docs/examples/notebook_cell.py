"""
Three quotes and a week of bars in a cell of a notebook, against the simulator.

Usage: run it as a cell, as often as you like; python itself cannot, since it awaits where no function is. The name
"directory" is the directory of a running "twistd ctrader-sim --directory DIR".
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ctrader_twisted import Application, Client, MemoryTokens, TokenPair, hostEndpoint, trustFile
from ctrader_twisted.notebook import notebookReactor

reactor = notebookReactor()
sim = json.loads(Path(directory, "simulator.json").read_text(encoding="utf-8"))
endpoint = hostEndpoint(reactor, sim["host"], sim["port"], trustRoot=trustFile(sim["caFile"]))
application = Application(sim["clientId"], sim["clientSecret"])
tokens = MemoryTokens(TokenPair(sim["accessToken"], sim["refreshToken"]))

async with Client(reactor, endpoint, application, tokens, startTimeout=10) as client:
    account = await client.account(next(found.accountId for found in await client.accounts() if not found.isLive))
    eurusd = await account.symbol("EURUSD")
    async with account.quotes(eurusd) as quotes:
        newest = [await anext(quotes) for _ in range(3)]
    now = datetime.now(UTC)
    bars = await account.trendbars(eurusd, "H1", now - timedelta(weeks=1), now)

print(len(newest), "quotes,", len(bars), "bars")
