"""cTrader Open API 2.0 for Twisted."""
