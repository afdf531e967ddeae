"""
The other side: a simulated exchange that speaks the cTrader Open API 2.0.

L{ctrader_twisted.simulator.exchange.Exchange} is the exchange, L{ctrader_twisted.simulator.connection.SimulatorFactory}
serves it on any Twisted transport, and L{ctrader_twisted.simulator.service} runs it as a daemon over TLS. It shares no
code with the client but the schema and the framing, so that an error in one does not hide in the other.
"""
