"""
All messages and enums of the API, each under the name that it has in the schema.

The classes are made at import, from the descriptors that ship with the package; C{messages.pyi} beside this module
tells type checkers and editors what they hold. An enum is used as C{ProtoOATradeSide.BUY}.
"""

from ctrader_twisted.schema.pool import loadDescriptors, makeClasses

_made = makeClasses(loadDescriptors())
for _class in _made.values():
    # A class pickles by the module in which it is found.
    _class.__module__ = __name__
globals().update(_made)

__all__ = sorted(_made)
