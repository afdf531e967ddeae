"""
How fast the package is, as ratios to the least code that does the same work.

C{python -m test.benchmark} runs it; C{--quick} takes less than two minutes, C{--full} adds the soak, C{--json} gives
the figures to a program, and names of rows let only these be measured. It is no test: the speed of one machine proves
nothing. Only the ratios mean something elsewhere, because both sides of each were measured in turn, in one run, on one
machine.

B{What is measured.} A server in a process of its own (the standard library's C{ssl}, TLS 1.3, loopback) and one client
at a time, the two on different cores where the system allows it. In each round every variant has a new process; after a
first turn that does not count, these are measured in short turns, one after the other, again and again:

  - I{burst}: spot events in full TLS records of 16 KiB, as after a backlog or in a replay. Events per second of the
    client's CPU time, from TLS bytes to a listener that reads one field of the event.
  - I{live}: the same events, each in a TLS record of its own, as a server sends them that flushes each quote.
  - I{round trip}: from asking for the server's version to having the answer, one request at a time; the median and the
    99th percentile.
  - I{pipelined}: 50 such requests at once, until all are answered; requests per second. The server puts each answer in
    a record of its own and writes together what it answers together.
  - I{reconnect}: from a request upon which the server drops the connection to the account being authorised again, on a
    new connection.

A frame has about 30 bytes; 15 % of the events hold only a bid and 15 % only an ask. The server encrypts a block of
events as a whole before it sends it, so that the client is what limits.

B{Who is measured.} C{bare} is the reference: a blocking TLS socket, for events with C{recv(256 KiB)}, a scan for frames
and one protobuf parse by payload type, for requests with prebuilt bytes that are not looked at, after a drop the same
with a new connection at once. C{plain} is a client as one writes it with Twisted at first: C{Int32StringReceiver}, two
parses per frame, a timeout per request. C{connection} is L{ctrader_twisted.wire.OpenApiProtocol}; C{session} is a
listener of an account of L{ctrader_twisted.session.session.Session}.

C{official} is ctrader-open-api 0.9.2, the official SDK for Python, measured at the end of some rounds when
C{CTRADER_OFFICIAL_SDK_PYTHON} names an interpreter that has it. It sends five requests a second, in ticks of a second,
and does not verify certificates.

B{Without a server} these are measured in turn, in a process of their own: calling a hundred local listeners, against a
plain loop and against C{maybeDeferred} (C{listeners}); importing the package, and importing C{Client}, against
importing the reactor, endpoints, TLS and the messages, in CPU time with that of the interpreter (C{import},
C{import-client}).

B{The simulator.} C{fan-out}: how many spot events it delivers to a thousand TLS clients in a second of its CPU time,
when a hundred symbols tick each second, one after the other or ten at once; C{plain} is a Twisted server that writes
each event to each client. C{day}: the CPU time of a virtual day of five symbols, client and simulator in one process,
in which a position is opened and closed every minute. C{month}: how much memory that process has after parts of a
virtual month, in which it trades every ten minutes. C{soak}: what a client holds after parts of ten million quotes.

B{How to read it.} Each turn gives a ratio to the reference of the same turn, which is the first variant printed, and
each round the median of its turns; the ratio printed is the median of the rounds, and the spread is their range in
percent of it. Beside it stand what plain Twisted reached in the survey that set the goals, what is to be reached, and
how much of that is reached. Where there is no ratio, the goal is for the absolute value, which is one of this machine.
A spread of more than 20 % says that the machine had other work.

B{How to add a row.} A L{Workload<test.benchmark.workload.Workload>} in L{test.benchmark.catalogue}: functions that are
measured in turn (L{test.benchmark.alternating}), or whatever gives rounds of turns.
"""
