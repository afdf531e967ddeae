"""
Recording live ticks into a dataset, and completing them from history.
"""

from ctrader_twisted.recorder.filling import Sealed
from ctrader_twisted.recorder.recorder import Recorder, RecorderStatus

__all__ = ["Recorder", "RecorderStatus", "Sealed"]
