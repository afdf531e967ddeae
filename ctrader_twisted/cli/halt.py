"""
C{ctrader halt} and C{ctrader resume}: the switch that stops accounts from opening anything, with the network or
without; and flattening them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.cli.confirming import Manner
from ctrader_twisted.cli.gathering import gathered
from ctrader_twisted.cli.naming import accountWords
from ctrader_twisted.cli.terminal import sayInAnyCase
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, CTraderError, PartlyDone
from ctrader_twisted.trading import PendingOrder, Position, Trade
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.trading.orderlife import OrderLife

__all__ = ["flatten", "halt", "resume"]

_PATIENCE = 30.0

_Ended = tuple[dict[int, None], dict[int, Exception]]


def halt(file: HaltFile, accountIds: Collection[int], console: Console) -> None:
    """
    Halt accounts, without a connection.

    @param file: the file that halts them.
    @param accountIds: the accounts; none for all.
    @param console: where to tell.
    @raise ConfigurationError: if the file cannot be written.
    """
    for accountId in accountIds:
        file.halt(accountId)
    if not accountIds:
        file.haltAll()
    sayInAnyCase(console, f"{_named(accountIds)} halted: nothing is opened by whoever looks at {file.path}.")


def resume(file: HaltFile, accountIds: Collection[int], console: Console) -> None:
    """
    Let accounts trade again.

    @param file: the file that halts them.
    @param accountIds: the accounts; none for all.
    @param console: where to tell.
    @raise ConfigurationError: if the file halts all accounts and only some are to be resumed, or cannot be changed.
    """
    for accountId in accountIds:
        file.resume(accountId)
    if not accountIds:
        file.resumeAll()
    words = f"{_named(accountIds)} not" if accountIds else "No account is"
    sayInAnyCase(console, f"{words} halted any more.")


async def flatten(
    client: Client,
    accountIds: Collection[int],
    console: Console,
    clock: IReactorTime,
    manner: Manner,
    *,
    isLive: bool,
    profile: str,
) -> None:
    """
    Cancel all orders of accounts that are halted, and close all their positions, if it shall be.

    @param client: the client.
    @param accountIds: the accounts; none for all that the tokens cover on its host.
    @param console: where to tell.
    @param clock: the reactor.
    @param manner: whether to do it, and whom to ask.
    @param isLive: whether the client's host is the one for live accounts.
    @param profile: the name of the profile, which has to be typed to confirm it.
    @raise ConfigurationError: if there are no such accounts, or it was not confirmed.
    @raise CTraderError: if something is left, or may be; the message tells what.
    """
    infos = {each.accountId: each for each in await client.accounts()}
    wanted = accountIds or [each.accountId for each in infos.values() if each.isLive == isLive]
    if not wanted:
        raise ConfigurationError("the stored tokens cover no account of this host, so there is nothing to flatten")
    # One that does not become ready keeps none of the others waiting for long.
    opening = {each: client.account(each).addTimeout(_PATIENCE, clock, _late) for each in wanted}
    accounts, failed = await gathered(opening)
    for accountId, account in accounts.items():
        held = f"{len(account.positions)} open, {len(account.orders)} waiting"
        sayInAnyCase(console, f"{accountWords(infos[accountId])}: {held}")
    isReal = any(infos[accountId].isLive for accountId in accounts)
    if await manner.letsPass(console, isLive=isReal, what="the name of the profile", word=profile):
        flat, left = await _flattened(accounts, console)
        for accountId in flat:
            sayInAnyCase(console, f"Account {accountId}: nothing is open, and no order waits.")
        failed |= left
    if failed:
        lines = (line for accountId, error in failed.items() for line in _told(client, accountId, error))
        raise CTraderError("\n".join(lines))


def _late(result: object, seconds: float) -> Failure:
    return Failure(CTraderError(f"it is not ready after {seconds:g} s"))  # type: ignore[no-untyped-call]


async def _flattened(accounts: Mapping[int, Account], console: Console) -> _Ended:
    ended: Deferred[_Ended] = Deferred()
    halting = {accountId: account.halt(flatten=True) for accountId, account in accounts.items()}
    # Who ceases to wait does not stop it.
    Deferred.fromCoroutine(gathered(halting)).chainDeferred(ended)
    try:
        return await ended
    except CancelledError:
        sayInAnyCase(
            console, "Ending this command takes nothing back. The accounts stay halted; look at ctrader positions."
        )
        raise


def _told(client: Client, accountId: int, error: Exception) -> Iterator[str]:
    if not isinstance(error, PartlyDone):
        words = client.explain(error) if isinstance(error, CTraderError) else repr(error)
        yield f"account {accountId}: {words}"
        return
    yield f"account {accountId}: {len(error.done)} cancelled or closed, {len(error.failed)} not, or not for certain:"
    for subject, why in error.failed.items():
        yield f"    {_subjectWords(subject)}: {why}"


def _subjectWords(subject: object) -> str:
    match subject:
        case Position():
            return f"position {subject.positionId}"
        case PendingOrder() | Trade() | OrderLife():
            return f"order {subject.orderId or 'without a number yet'}"
    return str(subject)


def _named(accountIds: Collection[int]) -> str:
    if not accountIds:
        return "All accounts are"
    listed = ", ".join(map(str, accountIds))
    return f"Account {listed} is" if len(accountIds) == 1 else f"Accounts {listed} are"
