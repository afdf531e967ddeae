"""
How a running simulator is looked at and disturbed from outside its process.
"""

from ctrader_twisted.simulator.control.page import ControlPage

__all__ = ["ControlPage"]
