"""
Requests for reference data: assets, symbols, leverage.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.asking import AccountAsking
from ctrader_twisted.schema.messages import (
    ProtoOAAssetClassListReq,
    ProtoOAAssetClassListRes,
    ProtoOAAssetListReq,
    ProtoOAAssetListRes,
    ProtoOAGetDynamicLeverageByIDReq,
    ProtoOAGetDynamicLeverageByIDRes,
    ProtoOASymbolByIdReq,
    ProtoOASymbolByIdRes,
    ProtoOASymbolCategoryListReq,
    ProtoOASymbolCategoryListRes,
    ProtoOASymbolsForConversionReq,
    ProtoOASymbolsForConversionRes,
    ProtoOASymbolsListReq,
    ProtoOASymbolsListRes,
)

__all__ = ["ReferenceRequests"]


class ReferenceRequests(AccountAsking):
    """
    The requests for reference data. Any scope will do for all of them.
    """

    def assetList(self, *, timeout: float | None = None) -> Deferred[ProtoOAAssetListRes]:
        """
        List the assets of the account's broker.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{asset}: for each its C{assetId}, C{name} such as C{EUR}, C{displayName} and C{digits}.
        """
        return self._ask(lambda: ProtoOAAssetListReq(ctidTraderAccountId=self.accountId), timeout)

    def assetClassList(self, *, timeout: float | None = None) -> Deferred[ProtoOAAssetClassListRes]:
        """
        List the classes of assets, such as currencies and metals.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{assetClass}: for each its C{id}, C{name} and C{sortingNumber}.
        """
        return self._ask(lambda: ProtoOAAssetClassListReq(ctidTraderAccountId=self.accountId), timeout)

    def symbolCategoryList(self, *, timeout: float | None = None) -> Deferred[ProtoOASymbolCategoryListRes]:
        """
        List the categories of symbols, which lie within the classes of assets.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{symbolCategory}: for each its C{id}, C{assetClassId}, C{name} and C{sortingNumber}.
        """
        return self._ask(lambda: ProtoOASymbolCategoryListReq(ctidTraderAccountId=self.accountId), timeout)

    def symbolsList(
        self, *, includeArchivedSymbols: bool | None = None, timeout: float | None = None
    ) -> Deferred[ProtoOASymbolsListRes]:
        """
        List all symbols, without their specifications. It comes in one answer, which may be large.

        @param includeArchivedSymbols: whether to list symbols that are not offered any more, too; by default not.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{symbol} (for each its C{symbolId}, C{symbolName}, C{enabled} and its two assets) and
            C{archivedSymbol}. The ids differ between brokers.
        """
        return self._ask(
            lambda: ProtoOASymbolsListReq(
                ctidTraderAccountId=self.accountId, includeArchivedSymbols=includeArchivedSymbols
            ),
            timeout,
        )

    def symbolById(self, *, symbolId: Iterable[int], timeout: float | None = None) -> Deferred[ProtoOASymbolByIdRes]:
        """
        Get the specifications of some symbols: digits, volumes, distances, commission, swap, schedule.

        @param symbolId: the ids; no limit of their number is known.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{symbol}, and with C{archivedSymbol} for those that are not offered any more. Ids that are
            unknown can be missing in both.
        @raise SymbolNotFound: (as a failure) if none of the ids is known.
        """
        return self._ask(lambda: ProtoOASymbolByIdReq(ctidTraderAccountId=self.accountId, symbolId=symbolId), timeout)

    def symbolsForConversion(
        self, *, firstAssetId: int, lastAssetId: int, timeout: float | None = None
    ) -> Deferred[ProtoOASymbolsForConversionRes]:
        """
        Find the symbols through whose prices one asset is converted into another.

        @param firstAssetId: the asset to convert from.
        @param lastAssetId: the asset to convert into.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{symbol}, the chain in order: one symbol where there is a direct one in either direction,
            and none if the assets are equal.
        @raise NotFound: (as a failure) if there is no such asset.
        """
        return self._ask(
            lambda: ProtoOASymbolsForConversionReq(
                ctidTraderAccountId=self.accountId, firstAssetId=firstAssetId, lastAssetId=lastAssetId
            ),
            timeout,
        )

    def getDynamicLeverageByID(
        self, *, leverageId: int, timeout: float | None = None
    ) -> Deferred[ProtoOAGetDynamicLeverageByIDRes]:
        """
        Get a leverage that depends on the volume.

        @param leverageId: from C{leverageId} in a symbol's specification.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{leverage} and its C{tiers} in order: up to which C{volume}, in US cents of open exposure
            on one side, which C{leverage} holds; the last holds above its volume too.
        @raise NotFound: (as a failure) if there is no such leverage.
        """
        return self._ask(
            lambda: ProtoOAGetDynamicLeverageByIDReq(ctidTraderAccountId=self.accountId, leverageId=leverageId), timeout
        )
