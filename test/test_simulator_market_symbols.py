"""
What the simulated broker offers.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.market.symbols import ASSET_CLASSES, ASSETS, CATEGORIES, LEVERAGES, SYMBOLS

BY_NAME = {symbol.name: symbol for symbol in SYMBOLS}


class CatalogueTests(SynchronousTestCase):
    """
    The catalogue hangs together, and specifications are those of the real world.
    """

    def test_references(self) -> None:
        """
        Ids are unique, and every id that something refers to exists.
        """
        assets = {asset.assetId for asset in ASSETS}
        classes = {assetClass.id for assetClass in ASSET_CLASSES}
        categories = {category.id for category in CATEGORIES}
        leverages = {leverage.leverageId for leverage in LEVERAGES}
        self.assertEqual(len(ASSETS), len(assets))
        self.assertEqual(len(SYMBOLS), len({symbol.symbolId for symbol in SYMBOLS}))
        self.assertEqual(classes, {category.assetClassId for category in CATEGORIES})
        self.assertEqual(categories, {symbol.categoryId for symbol in SYMBOLS})
        self.assertEqual(leverages, {symbol.leverageId for symbol in SYMBOLS})
        self.assertEqual(assets, {s.baseAssetId for s in SYMBOLS} | {s.quoteAssetId for s in SYMBOLS})
        self.assertEqual(set(), assets & {symbol.symbolId for symbol in SYMBOLS})

    def test_conversions(self) -> None:
        """
        One symbol converts each quote asset to dollars and to euros.
        """
        ids = {asset.name: asset.assetId for asset in ASSETS}
        pairs = {frozenset((symbol.baseAssetId, symbol.quoteAssetId)) for symbol in SYMBOLS}
        for deposit in (ids["USD"], ids["EUR"]):
            for quote in {symbol.quoteAssetId for symbol in SYMBOLS} - {deposit}:
                self.assertIn(frozenset((quote, deposit)), pairs)

    def test_specifications(self) -> None:
        """
        Digits, pips, lots and least volumes are the usual ones.
        """
        expected = {
            "EURUSD": (5, 4, 10_000_000, 100_000),
            "GBPUSD": (5, 4, 10_000_000, 100_000),
            "USDJPY": (3, 2, 10_000_000, 100_000),
            "XAUUSD": (2, 0, 10_000, 100),
            "US500": (1, 0, 100, 10),
            "GER40": (2, 0, 100, 10),
        }
        for name, numbers in expected.items():
            full = BY_NAME[name].full()
            self.assertEqual(numbers, (full.digits, full.pipPosition, full.lotSize, full.minVolume), name)

    def test_volumes(self) -> None:
        """
        Least and greatest volume are multiples of the step.
        """
        for symbol in SYMBOLS:
            self.assertEqual(0, symbol.minVolume % symbol.stepVolume + symbol.maxVolume % symbol.stepVolume)

    def test_messages(self) -> None:
        """
        Everything can go over the wire, with what it is.
        """
        for entry in (*ASSETS, *ASSET_CLASSES, *CATEGORIES, *LEVERAGES):
            message = entry.message()
            self.assertEqual(message, type(message).FromString(message.SerializeToString()))
        light = BY_NAME["EURJPY"].light()
        self.assertEqual(("EURJPY", True, 12), (light.symbolName, light.enabled, light.symbolCategoryId))
        self.assertEqual(light.symbolId, BY_NAME["EURJPY"].full().symbolId)

    def test_commissions(self) -> None:
        """
        The old field says the same as the precise one, as far as its two digits go.
        """
        full = BY_NAME["EURUSD"].full()
        self.assertEqual((250, 250_000_000), (full.commission, full.preciseTradingCommissionRate))
        full = BY_NAME["XAUUSD"].full()
        self.assertEqual((0, 250), (full.commission, full.preciseTradingCommissionRate))

    def test_schedules(self) -> None:
        """
        Currencies trade from Sunday to Friday 17:00 without a break, others pause for an hour each day.
        """
        hour = 3600
        self.assertEqual(((17 * hour, 137 * hour),), BY_NAME["EURUSD"].schedule)
        intervals = [(part.startSecond // hour, part.endSecond // hour) for part in BY_NAME["US500"].full().schedule]
        self.assertEqual([(18, 41), (42, 65), (66, 89), (90, 113), (114, 137)], intervals)
        self.assertEqual({"America/New_York"}, {symbol.full().scheduleTimeZone for symbol in SYMBOLS})
