"""
Trading through seeded disasters, on virtual time.

C{python -m test.chaos} runs schedules, one for each seed. In each a client with three accounts trades, listens to
quotes and bars and reads history, while the simulator cuts, delays, doubles, withholds and refuses what a plan of the
same seed says. Some clients are stopped in the middle; another one with the same journal of orders goes on, and asks
for what became of all that was ordered. Then all faults stop, the client gets time to recover, and the properties in
L{test.chaos.properties} are checked. A seed that fails is printed, and C{--seed} runs it again, with its plan and all
that happened.
"""
