"""
The pages that a user sees, in HTML that needs no script.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from html import escape

from twisted.web.server import Request

from ctrader_twisted.simulator.oauth.question import Question
from ctrader_twisted.simulator.venue.account import TradingAccount

__all__ = ["consentForm", "page"]

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    # Nothing is fetched, and no other page shows this one inside itself, to have its buttons clicked.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_STYLE = """
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }
fieldset { margin: 1rem 0; }
label { display: block; padding: 0.3rem 0; }
select, button { font: inherit; padding: 0.3rem 1rem; }
[role=alert] { font-weight: bold; }
code { overflow-wrap: anywhere; }
"""
_PERMISSIONS = {
    "accounts": "look at the accounts that you choose, and not trade in them",
    "trading": "look at the accounts that you choose, and trade in them",
}


def page(request: Request, title: str, body: str, status: int = 200) -> bytes:
    """
    Answer a request with a page.

    @param request: the request.
    @param title: its heading.
    @param body: what follows, in HTML.
    @param status: the HTTP status.
    """
    request.setResponseCode(status)
    for name, value in _HEADERS.items():
        request.setHeader(name, value)  # type: ignore[no-untyped-call]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} - ctrader_twisted simulator</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def consentForm(
    question: Question,
    accounts: Iterable[tuple[TradingAccount, str]],
    users: Iterable[int],
    *,
    form: str,
    chosen: Container[int],
    complaint: str,
) -> str:
    """
    Write the body of the page that asks a user.

    @param question: what is asked.
    @param accounts: the user's accounts, each with the name of its deposit asset.
    @param users: all users.
    @param form: the word that the answer must bring back.
    @param chosen: the accounts that are checked.
    @param complaint: what is wrong with the answer before; empty if there was none.
    """
    boxes = "\n".join(_box(account, asset, account.terms.accountId in chosen) for account, asset in accounts)
    alert = f'<p role="alert">{escape(complaint)}</p>\n' if complaint else ""
    return (
        f"{_login(question, users)}\n"
        '<form id="consent" method="post" action="/apps/auth">\n'
        f"{_hidden('form', form)}\n"
        f"<p>The application <strong>{escape(question.application.name)}</strong> asks for permission to "
        f"<strong>{_PERMISSIONS[question.scope]}</strong>.</p>\n{alert}"
        f"<fieldset>\n<legend>Your accounts</legend>\n{boxes}\n</fieldset>\n"
        '<button id="allow" name="decision" value="allow">Allow</button>\n'
        '<button id="deny" name="decision" value="deny">Deny</button>\n'
        "</form>"
    )


def _box(account: TradingAccount, asset: str, isChecked: bool) -> str:
    terms = account.terms
    kind = "Live" if terms.isLive else "Demo"
    return (
        f'<label><input type="checkbox" name="account" value="{terms.accountId}"{" checked" if isChecked else ""}> '
        f"{kind} {terms.traderLogin}, {escape(asset)}</label>"
    )


def _login(question: Question, users: Iterable[int]) -> str:
    options = "\n".join(
        f'<option value="{each}"{" selected" if each == question.userId else ""}>User {each}</option>' for each in users
    )
    kept = "\n".join(_hidden(name, value) for name, value in question.parameters().items())
    return (
        f'<form id="login" method="get" action="/apps/auth">\n{kept}\n<label for="user">Log in as</label>\n'
        f'<select id="user" name="user">\n{options}\n</select>\n<button>Change</button>\n</form>'
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'
