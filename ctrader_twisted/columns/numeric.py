"""
Whether NumPy is there to be used, and the way back from it.

What can be done without NumPy is done with it only where the program has imported it already: its import takes as long
as reading hundreds of thousands of rows without it.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

__all__ = ["loadNumpy", "numpyIsLoaded", "runningColumn", "toColumn"]


def loadNumpy() -> bool:
    """
    Import NumPy now, if it is installed; worth it before reading or merging more than about 500,000 rows.

    @return: whether it is there.
    """
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


def numpyIsLoaded() -> bool:
    """
    @return: whether the program has imported NumPy.
    """
    return sys.modules.get("numpy") is not None


def toColumn(values: NDArray[int64]) -> array[int]:
    """
    Copy what NumPy has into a column.

    @param values: the numbers.
    @return: the same numbers.
    """
    return array("q", values.tobytes())


def runningColumn(differences: NDArray[int64]) -> array[int]:
    """
    Sum up differences, and turn the sums round.

    @param differences: the first number, and of each other the difference to the one before.
    @return: the numbers, the last one first.
    """
    import numpy

    column = array("q", bytes(8 * len(differences)))
    numpy.cumsum(differences, out=numpy.frombuffer(column, numpy.int64)[::-1])
    return column
