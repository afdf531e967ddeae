"""
The root of all errors, and what errors about one request share.
"""

from __future__ import annotations

__all__ = ["CTraderError", "RequestError", "about", "sentences"]


class CTraderError(Exception):
    """
    The root of all errors that this package raises.
    """

    _advice = ""

    def explain(self) -> str:
        """
        Tell in plain language what happened and what to do next, as far as the error itself knows.
        L{ctrader_twisted.client.Client.explain} adds what the client knows.

        @return: some sentences.
        """
        return sentences(self._happened(), self._next())

    def _happened(self) -> str:
        return str(self)

    def _next(self) -> str:
        return self._advice


class RequestError(CTraderError):
    """
    Something happened to one request.

    @ivar request: the name of the request's message.
    @ivar accountId: the account that the request was for, or L{None}.
    """

    def __init__(self, message: str, request: str, accountId: int | None = None) -> None:
        super().__init__(message)
        self.request = request
        self.accountId = accountId

    def __reduce__(self) -> tuple[object, ...]:
        # The message is made of the arguments; making it of itself again would double it.
        return _restored, (type(self), self.args, self.__dict__)


def sentences(*parts: str) -> str:
    """
    Make sentences.

    @param parts: what they say; empty ones are left out.
    @return: the sentences, with capitals and full stops.
    """
    return " ".join(f"{_capitalised(part.rstrip('.'))}." for part in parts if part)


def _capitalised(text: str) -> str:
    # The name of a file or of a method is no word, nor is what something is said of.
    return f"{text[0].upper()}{text[1:]}" if text.split(" ", 1)[0].rstrip(",;").isalpha() else text


def about(request: str, accountId: int | None) -> str:
    """
    Name a request for a person.

    @param request: the name of its message; may be empty.
    @param accountId: the account it is for, or L{None}.
    @return: such as C{NewOrder for account 7}.
    """
    name = request.removeprefix("Proto").removeprefix("OA").removesuffix("Req") or "the server"
    return f"{name} for account {accountId}" if accountId is not None else name


def _restored(kind: type[RequestError], args: tuple[object, ...], state: dict[str, object]) -> RequestError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
