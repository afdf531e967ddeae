"""
Tests of the symbols of an account.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import NotConnected, RequestRefused, SymbolNotFound, serverError
from ctrader_twisted.market import SymbolCache
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink, fullSymbol, lightSymbol

NAMES = {1: "EURUSD", 2: "GBPUSD", 3: "US100.cash", 4: "XAUUSD"}


class SymbolCacheTests(SynchronousTestCase):
    """
    Symbols are asked for once and kept.
    """

    def setUp(self) -> None:
        """
        A link that lists four symbols and leaves the specifications to the test.
        """
        self.link = FakeLink()
        self.link.answers[m.ProtoOAAssetListReq] = lambda _: m.ProtoOAAssetListRes(
            ctidTraderAccountId=7,
            asset=[m.ProtoOAAsset(assetId=1, name="EUR", digits=3), m.ProtoOAAsset(assetId=2, name="USD")],
        )
        self.link.answers[m.ProtoOASymbolsListReq] = lambda _: m.ProtoOASymbolsListRes(
            ctidTraderAccountId=7, symbol=[lightSymbol(each, name) for each, name in NAMES.items()]
        )
        self.cache = SymbolCache(self.link)
        self.cache.start()

    def specify(self, *symbols: m.ProtoOASymbol) -> list[int]:
        """
        Answer the oldest request for specifications.

        @return: the ids that it asked for.
        """
        request = self.link.answer(m.ProtoOASymbolByIdRes(ctidTraderAccountId=7, symbol=symbols))
        return list(request.symbolId)

    def requests(self, kind: type[Any]) -> int:
        """
        Count the requests of a kind.
        """
        return sum(isinstance(message, kind) for message in self.link.sent)

    def test_byName(self) -> None:
        """
        A name gives the symbol with specification and assets; asked again, nothing is sent.
        """
        asked = self.cache.symbol("GBPUSD")
        self.assertEqual(self.specify(fullSymbol(2, digits=3)), [2])
        symbol = self.successResultOf(asked)
        self.assertEqual((symbol.symbolId, symbol.name, symbol.digits), (2, "GBPUSD", 3))
        self.assertEqual((symbol.baseAsset.digits, symbol.quoteAsset.digits), (3, 2))
        self.assertIs(self.successResultOf(self.cache.symbol("GBPUSD")), symbol)
        self.assertIs(self.successResultOf(self.cache.symbol(2)), symbol)
        self.assertEqual(len(self.link.sent), 3)

    def test_known(self) -> None:
        """
        Without asking only those are known that were given before.
        """
        self.assertIsNone(self.cache.known(1))
        asked = self.cache.symbol(1)
        self.specify(fullSymbol(1))
        self.assertIs(self.cache.known(1), self.successResultOf(asked))

    def test_list(self) -> None:
        """
        The list holds the server's entries.
        """
        self.assertEqual([light.symbolName for light in self.successResultOf(self.cache.symbols())], [*NAMES.values()])

    def test_unknownName(self) -> None:
        """
        A name that does not exist fails with similar ones, by letters and by beginning.
        """
        error = self.failureResultOf(self.cache.symbol("eurusd"), SymbolNotFound).value
        self.assertIn("'eurusd'; similar: EURUSD", str(error))
        self.assertIn("US100.cash", str(self.failureResultOf(self.cache.symbol("US100"), SymbolNotFound).value))
        self.assertNotIn("similar", str(self.failureResultOf(self.cache.symbol("#"), SymbolNotFound).value))
        self.assertIn("id 99", str(self.failureResultOf(self.cache.symbol(99), SymbolNotFound).value))

    def test_enabledFirst(self) -> None:
        """
        Of two symbols of one name the enabled one is meant.
        """
        self.link.answers[m.ProtoOASymbolsListReq] = lambda _: m.ProtoOASymbolsListRes(
            ctidTraderAccountId=7,
            symbol=[lightSymbol(8, "OIL", False), lightSymbol(9, "OIL"), lightSymbol(5, "GAS", False)],
        )
        self.cache.symbol("OIL")
        self.assertEqual(self.specify(fullSymbol(9)), [9])
        self.cache.symbol("GAS")
        self.assertEqual(self.specify(fullSymbol(5)), [5])

    def test_concurrent(self) -> None:
        """
        All who ask at the same time share the requests, and one who cancels disturbs nobody.
        """
        for kind in (m.ProtoOAAssetListReq, m.ProtoOASymbolsListReq):
            del self.link.answers[kind]
        first, second, cancelled = (self.cache.symbol("EURUSD") for _ in range(3))
        self.assertEqual(len(self.link.pending), 1)
        cancelled.cancel()
        self.failureResultOf(cancelled, CancelledError)
        self.link.answer(m.ProtoOAAssetListRes(ctidTraderAccountId=7))
        self.assertEqual(len(self.link.pending), 1)
        self.link.answer(m.ProtoOASymbolsListRes(ctidTraderAccountId=7, symbol=[lightSymbol(1, "EURUSD")]))
        self.assertEqual(self.specify(fullSymbol(1)), [1])
        self.assertIs(self.successResultOf(first), self.successResultOf(second))

    def test_failureNotKept(self) -> None:
        """
        After a failure the next one asks again.
        """
        self.link.ready = False
        self.failureResultOf(self.cache.symbols(), NotConnected)
        self.link.ready = True
        self.assertEqual(len(self.successResultOf(self.cache.symbols())), 4)
        asked = self.cache.symbol("EURUSD")
        self.link.answer(serverError("TIMEOUT_ERROR"))
        self.failureResultOf(asked)
        asked = self.cache.symbol("EURUSD")
        self.specify(fullSymbol(1))
        self.successResultOf(asked)

    def test_batches(self) -> None:
        """
        What is asked for while a request is under way goes together in the next one, each symbol once.
        """
        asked = [self.cache.symbol(name) for name in (*NAMES.values(), "GBPUSD")]
        self.assertEqual(self.specify(fullSymbol(1)), [1])
        self.assertEqual(self.specify(*(fullSymbol(each) for each in (2, 3, 4))), [2, 3, 4])
        self.assertEqual([self.successResultOf(each).symbolId for each in asked], [1, 2, 3, 4, 2])

    def test_largeBatches(self) -> None:
        """
        A batch is bounded.
        """
        self.link.answers[m.ProtoOASymbolsListReq] = lambda _: m.ProtoOASymbolsListRes(
            ctidTraderAccountId=7, symbol=[lightSymbol(each, f"S{each}") for each in range(1, 103)]
        )
        asked = [self.cache.symbol(each) for each in range(1, 103)]
        sizes = []
        while self.link.pending:
            ids = self.link.pending[0][0].symbolId
            sizes.append(len(self.specify(*(fullSymbol(each) for each in ids))))
        self.assertEqual(sizes, [1, 50, 50, 1])
        self.assertEqual([self.successResultOf(each).symbolId for each in asked], list(range(1, 103)))

    def test_oneBadSymbol(self) -> None:
        """
        A symbol that the server refuses fails alone.
        """
        asked = [self.cache.symbol(name) for name in NAMES.values()]
        self.specify(fullSymbol(1))
        self.link.answer(serverError("SYMBOL_NOT_FOUND"))
        self.assertEqual(self.specify(fullSymbol(2)), [2])
        self.link.answer(serverError("SYMBOL_NOT_FOUND"))
        self.assertEqual(self.specify(fullSymbol(4)), [4])
        self.failureResultOf(asked[2], RequestRefused)
        self.assertEqual([self.successResultOf(asked[each]).symbolId for each in (0, 1, 3)], [1, 2, 4])

    def test_leftOut(self) -> None:
        """
        A symbol that the answer leaves out fails alone.
        """
        asked = [self.cache.symbol(name) for name in NAMES.values()]
        self.specify(fullSymbol(1))
        self.specify(fullSymbol(2), fullSymbol(4))
        self.assertIn("symbol 3", str(self.failureResultOf(asked[2], SymbolNotFound).value))
        self.successResultOf(asked[3])

    def test_askedAgainWhileTold(self) -> None:
        """
        Asking again from the callback of a failure works for the same symbol and for its neighbours.
        """
        again: list[Any] = []
        asked = [self.cache.symbol(name) for name in NAMES.values()]
        for each in asked[1:]:
            each.addErrback(lambda _: again.extend(self.cache.symbol(number) for number in (2, 3)))
        self.specify(fullSymbol(1))
        self.link.answer(serverError("TIMEOUT_ERROR"))
        while self.link.pending:
            self.specify(*(fullSymbol(each) for each in self.link.pending[0][0].symbolId))
        self.assertEqual([self.successResultOf(each).symbolId for each in again], [2, 3] * 3)

    def test_changed(self) -> None:
        """
        A symbol that changed is asked for again; others are not.
        """
        for number in (1, 2):
            self.cache.symbol(number)
            self.specify(fullSymbol(number))
        self.link.push(m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=[1, 3]))
        self.successResultOf(self.cache.symbol(2))
        asked = self.cache.symbol(1)
        self.specify(fullSymbol(1, digits=2))
        self.assertEqual(self.successResultOf(asked).digits, 2)

    def test_changedUnasked(self) -> None:
        """
        What is known of a symbol is renewed when it changes, though nobody asks; if that fails, it stays.
        """
        self.cache.symbol(1)
        self.specify(fullSymbol(1))
        for answer, digits in ((fullSymbol(1, digits=3), 3), (None, 3)):
            self.link.push(m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=[1]))
            if answer is None:
                self.link.lose()
            else:
                self.specify(answer)
            known = self.cache.known(1)
            assert known is not None
            self.assertEqual(known.digits, digits)

    def test_changedMeanwhile(self) -> None:
        """
        An answer that a change has overtaken is not given out.
        """
        asked = self.cache.symbol(1)
        self.link.push(m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=[1]))
        self.specify(fullSymbol(1, digits=5))
        self.assertNoResult(asked)
        self.specify(fullSymbol(1, digits=2))
        self.assertEqual(self.successResultOf(asked).digits, 2)

    def test_lost(self) -> None:
        """
        After a loss specifications and the list are asked for again, assets are not, and what was known stays known.
        """
        self.cache.symbol(1)
        self.specify(fullSymbol(1))
        self.link.lose()
        self.link.restore()
        self.assertIsNotNone(self.cache.known(1))
        self.cache.symbol(1)
        self.specify(fullSymbol(1))
        self.assertEqual(self.requests(m.ProtoOASymbolByIdReq), 2)
        self.assertEqual(self.requests(m.ProtoOASymbolsListReq), 2)
        self.assertEqual(self.requests(m.ProtoOAAssetListReq), 1)

    def test_listChanged(self) -> None:
        """
        The list is asked for again when a symbol changed; a list that the change has overtaken is not given out.
        """
        self.successResultOf(self.cache.symbols())
        del self.link.answers[m.ProtoOASymbolsListReq]
        changed = m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=[2])
        self.link.push(changed)
        asked = self.cache.symbols()
        self.link.push(changed)
        for isEnabled in (True, False):
            self.assertNoResult(asked)
            entry = lightSymbol(1, "EURUSD", isEnabled)
            self.link.answer(m.ProtoOASymbolsListRes(ctidTraderAccountId=7, symbol=[entry]))
        self.assertEqual([entry.enabled for entry in self.successResultOf(asked)], [False])
        self.assertIs(self.successResultOf(self.cache.symbols()), self.successResultOf(self.cache.symbols()))
        self.assertEqual(self.requests(m.ProtoOASymbolsListReq), 3)

    def test_lostMeanwhile(self) -> None:
        """
        A loss fails who waits.
        """
        asked = self.cache.symbol(1)
        self.link.lose()
        self.failureResultOf(asked)
