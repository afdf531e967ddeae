"""
Books of accounts that do not agree are found.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import ProtoOAPosition, ProtoOAPositionStatus
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.consistency import contradictions
from ctrader_twisted.simulator.world import USD_ACCOUNT
from test.tradingcase import LIMIT, TradingCase


class ContradictionTests(TradingCase):
    """
    Real books, spoilt afterwards.
    """

    settings = Settings(historyLimit=6)

    def setUp(self) -> None:
        """
        Make books with a deposit, an order that waits, a protected position that is closed in part, and a closed one.
        """
        super().setUp()
        self.exchange.deposit(USD_ACCOUNT, 500)
        self.pend(LIMIT, limitPrice=1.0)
        closed = self.opened()
        self.client.send(self.close(closed, 100_000))
        self.clock.advance(0.14)
        self.client.received()
        self.held = self.opened(volume=300_000, relativeStopLoss=100)
        self.client.send(self.close(self.held, 100_000))
        self.clock.advance(0.14)
        self.client.received()
        self.assertEqual(contradictions(self.account), [])

    @property
    def account(self) -> TradingAccount:
        return self.exchange.venue.accounts[USD_ACCOUNT]

    def tearDown(self) -> None:
        """
        What is spoilt stays so.
        """
        self.exchange.venue.accounts.pop(USD_ACCOUNT, None)
        super().tearDown()

    def finds(self, *words: str) -> None:
        """
        Check what is found.
        """
        self.assertEqual(contradictions(self.account, self.exchange.venue), list(words))

    def test_balance(self) -> None:
        """
        Money that comes from nowhere.
        """
        version, balance = self.account.balanceVersion, self.account.balance
        self.account.balance += 1
        self.finds(
            f"the balance is {balance + 1}, and what was booked makes {balance}",
            f"the last change has left {(version, balance)}, and there is {(version, balance + 1)}",
        )

    def test_step(self) -> None:
        """
        A change that does not begin where the last one has ended.
        """
        [record] = self.account.cashFlow.values()
        record.balance += 7
        self.finds(f"change 1 of the balance has left 1000507, and change 2 made it {1_000_500 - 10}")

    def test_volume(self) -> None:
        """
        A position that does not hold what its deals have left, nor is protected as a whole.
        """
        position = self.account.positions[self.held]
        position.tradeData.volume += 100
        protection = self.account.protectionOf(self.held)
        assert protection is not None
        self.finds(
            f"position {self.held} holds 200100, and its deals make 200000",
            f"position {self.held} blocks 2240, and the rules make 2241",
            f"order {protection.orderId} protects 200000, and the position holds 200100",
        )
        self.assertEqual(len(contradictions(self.account, isSettled=False)), 1)

    def test_margin(self) -> None:
        """
        A position that blocks something else than the rules say.
        """
        self.account.positions[self.held].usedMargin += 1
        self.finds(f"position {self.held} blocks 2241, and the rules make 2240")

    def test_price(self) -> None:
        """
        A position that has another price than its deals.
        """
        self.account.positions[self.held].price += 1
        [words] = contradictions(self.account)
        self.assertIn("its deals say", words)

    def test_closing(self) -> None:
        """
        A closing deal that says other things than the deals before it.
        """
        deal = list(self.account.deals.values())[-1]
        deal.closePositionDetail.entryPrice += 1
        deal.closePositionDetail.closedVolume = 900_000
        # What is charged differently is booked differently, too.
        deal.commission -= 1
        self.assertEqual(
            [words.split()[2] for words in contradictions(self.account)],
            ["closes", "closes", "costs"],
        )

    def test_deals(self) -> None:
        """
        Deals that belong to nothing, and an order that has none.
        """
        deal = list(self.account.deals.values())[-1]
        orderId, deal.orderId = deal.orderId, 1
        self.finds(f"order {orderId} is executed by 100000, and its deals make 0")

    def test_offsets(self) -> None:
        """
        A close of what was never opened.
        """
        first = next(iter(self.account.deals))
        self.account.deals = {dealId: deal for dealId, deal in self.account.deals.items() if dealId != first}
        found = contradictions(self.account)
        self.assertIn("the offsets of position", found[-3] + found[-2])

    def test_orders(self) -> None:
        """
        An order that is dead and alive, and positions that are neither.
        """
        account = self.account
        pending = next(each for each in account.orders.values() if each.orderType == LIMIT)
        account.ended[pending.orderId] = pending
        account.positions[9] = ProtoOAPosition(
            positionId=9, positionStatus=ProtoOAPositionStatus.POSITION_STATUS_CREATED
        )
        account.positions[10] = ProtoOAPosition(
            positionId=10, positionStatus=ProtoOAPositionStatus.POSITION_STATUS_OPEN
        )
        self.finds(
            f"order {pending.orderId} is both alive and ended",
            "position 9 is empty, and has no order",
            "position 10 has the status 1, and the wrong volume",
        )
        del account.ended[pending.orderId]
        pending.executedVolume = pending.tradeData.volume
        self.assertIn(f"order {pending.orderId} is executed whole, and alive", contradictions(account))

    def test_forgotten(self) -> None:
        """
        What was booked by deals and deposits that are forgotten is remembered.
        """
        for amount in range(1, 10):
            self.client.send(self.close(self.opened(), 100_000))
            self.clock.advance(0.14)
            self.exchange.deposit(USD_ACCOUNT, amount)
            self.client.received()
        self.assertEqual((len(self.account.deals), len(self.account.cashFlow)), (6, 6))
        self.assertEqual(contradictions(self.account), [])
