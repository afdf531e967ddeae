"""
What a user's browser comes to: the page that asks for consent, and the one that shows a code.
"""

from __future__ import annotations

from collections.abc import Container
from html import escape
from secrets import token_urlsafe
from string import punctuation
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request

from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.oauth.leaf import Leaf
from ctrader_twisted.simulator.oauth.once import Once
from ctrader_twisted.simulator.oauth.pages import consentForm, page
from ctrader_twisted.simulator.oauth.question import Consent, Question
from ctrader_twisted.simulator.refusal import Refusal

__all__ = ["CallbackPage", "ConsentPage", "arguments"]

_PATIENCE = 600.0


def arguments(request: Request) -> dict[str, str]:
    """
    Read the parameters of a request, from its address and from the form in its body.

    @param request: the request.
    @return: the last value of each.
    """
    return {name: values[-1] for name, values in _allArguments(request).items()}


def _allArguments(request: Request) -> dict[str, list[str]]:
    return {
        name.decode("utf-8", "replace"): [value.decode("utf-8", "replace") for value in values]
        for name, values in request.args.items()
    }


class ConsentPage(Leaf):
    """
    Asks the user, who is whoever looks at it. Only an answer that comes from a page which was sent a short time ago
    counts, so that no other site can answer for the user.
    """

    def __init__(self, exchange: Exchange, codes: Once[Consent]) -> None:
        """
        @param exchange: the exchange.
        @param codes: where consents are left for the token service.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._exchange = exchange
        self._codes = codes
        # Not from the exchange's mint: whoever knows the seed must not be able to make one.
        self._asked: Once[Question] = Once(exchange.clock.seconds, _PATIENCE, token_urlsafe)

    def render_GET(self, request: Request) -> bytes:
        """
        Ask the user; with C{auto=1} go on as if all accounts had been allowed.

        @param request: the request.
        """
        given = arguments(request)
        try:
            question = Question.read(given, self._exchange.registry)
        except Refusal as refusal:
            return page(request, "This cannot be asked", f"<p>{escape(refusal.description)}</p>", BAD_REQUEST)
        accountIds = self._exchange.registry.users[question.userId]
        if given.get("auto") == "1":
            return self._agree(request, Consent(question, accountIds))
        return self._ask(request, question, accountIds)

    def render_POST(self, request: Request) -> bytes:
        """
        Take the user's answer. What is not C{allow} is denied.

        @param request: the request.
        """
        given = _allArguments(request)
        question = self._asked.take(given.get("form", [""])[-1])
        if question is None:
            words = "<p>It was answered before, or a long time ago. Begin again in the application.</p>"
            return page(request, "This page is not good any more", words, BAD_REQUEST)
        if given.get("decision") != ["allow"]:
            return self._redirect(request, question, error="access_denied")
        ticked = given.get("account", ())
        chosen = tuple(each for each in self._exchange.registry.users[question.userId] if str(each) in ticked)
        if not chosen:
            return self._ask(request, question, (), "No account is chosen: choose at least one, or deny.")
        return self._agree(request, Consent(question, chosen))

    def _ask(self, request: Request, question: Question, chosen: Container[int], complaint: str = "") -> bytes:
        venue, assets, users = self._exchange.venue, self._exchange.catalogue.assets, self._exchange.registry.users
        accounts = [venue.accounts[each] for each in users[question.userId]]
        body = consentForm(
            question,
            [(account, assets[account.terms.depositAssetId].name) for account in accounts],
            users,
            form=self._asked.put(question),
            chosen=chosen,
            complaint=complaint,
        )
        return page(request, "Grant access to your accounts?", body)

    def _agree(self, request: Request, consent: Consent) -> bytes:
        code = self._codes.put(consent)
        self._exchange.credentialsChanged()
        return self._redirect(request, consent.question, code=code)

    def _redirect(self, request: Request, question: Question, **answer: str) -> bytes:
        if self._exchange.settings.echoState and question.state:
            answer["state"] = question.state
        parts = urlsplit(question.redirectUri)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *answer.items()])
        address = urlunsplit(parts._replace(query=query))
        # Whatever else the application has written into its address stays as it is.
        request.redirect(quote(address, safe=punctuation).encode())  # type: ignore[no-untyped-call]
        return b""


class CallbackPage(Leaf):
    """
    Where a user ends up whose application does not listen itself.
    """

    def render_GET(self, request: Request) -> bytes:
        """
        Show the code.

        @param request: the request.
        """
        code = arguments(request).get("code")
        if code is None:
            return page(request, "Access was denied", "<p>The application got nothing.</p>")
        return page(request, "Access was granted", f"<p>The authorization code is <code>{escape(code)}</code></p>")
