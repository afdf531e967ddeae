"""
Files that nobody but their owner can read.
"""

from __future__ import annotations

import os
import re
import stat
import sys

from ctrader_twisted.errors import ConfigurationError

__all__ = ["isPrivate", "othersCanRead", "readPrivate"]

_SID = r"(?:S(?:-\d+)+|[A-Z]{2})"
_LIST = re.compile(
    rf"(?:O:(?P<owner>{_SID}))?(?:G:{_SID})?D:(?P<flags>[A-Z_]*)(?P<entries>(?:\([^()]*\))*)(?:S:.*)?", re.DOTALL
)
_ENTRY = re.compile(rf"(?P<kind>[A-Z]+);(?P<flags>[A-Z]*);(?P<rights>\w*);[\w-]*;[\w-]*;(?P<who>{_SID})")

# The short names of those who have a long one, too.
_SIDS = {
    "SY": "S-1-5-18",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
    "BA": "S-1-5-32-544",
    "CO": "S-1-3-0",
    "OW": "S-1-3-4",
}
# Whoever administers the machine can read everything; the last two stand for the owner.
_FINE = frozenset({_SIDS["SY"], _SIDS["BA"], "LA", _SIDS["CO"], _SIDS["OW"]})

# To read the content, everything, or to change the list or the owner.
_READING = 0x0000_0001 | 0x8000_0000 | 0x1000_0000 | 0x0004_0000 | 0x0008_0000
# The short names of rights that hold none of these.
_HARMLESS = {"CR", "DC", "DT", "FW", "FX", "GW", "GX", "KW", "LC", "LO", "RC", "RP", "SD", "SW", "WP"}


def readPrivate(path: str | os.PathLike[str]) -> bytes:
    """
    Read a file that holds secrets, unless others can read it, too.

    @param path: the file.
    @return: its content.
    @raise ConfigurationError: if others can read it, in words for the operator.
    @raise OSError: if it cannot be read.
    """
    with open(path, "rb") as file:
        fault = _fault(file.fileno())
        if fault is not None:
            raise ConfigurationError(f"{os.fspath(path)} {fault}")
        return file.read()


def isPrivate(descriptor: int) -> bool:
    """
    Tell whether a file is its owner's alone. The open file is looked at, since a name can change hands meanwhile.

    @param descriptor: the open file.
    @return: whether nobody else can read it but those who administer the machine.
    @raise OSError: if the system does not tell.
    """
    return _fault(descriptor) is None


def othersCanRead(sddl: str, user: str | None = None) -> bool:
    """
    Judge the access list of a file on Windows. What is not understood counts as readable, and so does what one entry
    allows and another denies, since who belongs to whom is not known here.

    @param sddl: owner and access list, in the security descriptor definition language.
    @param user: the SID of the user whose secrets the file holds; by default its owner.
    @return: whether anybody can read it but that user and those who administer the machine.
    """
    found = _LIST.fullmatch(sddl)
    if found is None or "NO_ACCESS_CONTROL" in found["flags"]:
        return True
    owner = _SIDS.get(found["owner"], found["owner"])
    ours = {user or owner, *_FINE}
    return owner not in ours or any(_letsRead(entry, ours) for entry in re.findall(r"\((.*?)\)", found["entries"]))


def _letsRead(entry: str, ours: set[str]) -> bool:
    found = _ENTRY.fullmatch(entry)
    if found is None or found["kind"] not in ("A", "OA", "D", "OD"):
        return True
    # An entry that is only to be inherited says nothing about the file itself.
    if found["kind"].endswith("D") or "IO" in _pairs(found["flags"]):
        return False
    return _SIDS.get(found["who"], found["who"]) not in ours and _isReading(found["rights"])


def _isReading(rights: str) -> bool:
    try:
        return bool(int(rights, 0) & _READING)
    except ValueError:
        return not _pairs(rights) <= _HARMLESS


def _pairs(letters: str) -> set[str]:
    return {letters[place : place + 2] for place in range(0, len(letters), 2)}


def _fault(descriptor: int) -> str | None:
    if sys.platform == "win32":  # pragma: no cover
        if othersCanRead(_accessList(descriptor), _currentUser()):
            return 'can be read by others; make it private with icacls FILE /inheritance:r /grant:r "%USERNAME%:F"'
    else:
        found = os.fstat(descriptor)
        if stat.S_IMODE(found.st_mode) & 0o077:
            return "can be read by others; make it private with chmod 600"
        if os.geteuid() not in (0, found.st_uid):
            return "belongs to another user, who can read it; make it your own with chown"
    return None


if sys.platform == "win32":  # pragma: no cover
    import ctypes
    from ctypes import wintypes

    def _accessList(descriptor: int) -> str:
        """
        Ask for the owner and the access list of an open file.
        """
        import msvcrt

        security, kernel = ctypes.WinDLL("advapi32", use_last_error=True), ctypes.WinDLL("kernel32")
        isFile, ownerAndList = 1, 0x1 | 0x4
        found, text = ctypes.c_void_p(), ctypes.c_wchar_p()
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        problem = security.GetSecurityInfo(handle, isFile, ownerAndList, None, None, None, None, ctypes.byref(found))
        if problem:
            raise ctypes.WinError(problem)
        try:
            if not security.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                found, 1, ownerAndList, ctypes.byref(text), None
            ):
                raise ctypes.WinError(ctypes.get_last_error())
            return _taken(text)
        finally:
            kernel.LocalFree(found)

    def _currentUser() -> str:
        """
        Ask who this process runs as: whoever administers the machine owns his files as a group, not as himself.
        """
        security, kernel = ctypes.WinDLL("advapi32", use_last_error=True), ctypes.WinDLL("kernel32")
        toQuery, itsUser = 0x8, 1
        token, text, size = wintypes.HANDLE(), ctypes.c_wchar_p(), wintypes.DWORD()
        if not security.OpenProcessToken(wintypes.HANDLE(kernel.GetCurrentProcess()), toQuery, ctypes.byref(token)):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            # A pointer to the SID comes first, the SID itself, of 68 bytes at most, behind it.
            room = ctypes.create_string_buffer(256)
            if not security.GetTokenInformation(token, itsUser, room, len(room), ctypes.byref(size)):
                raise ctypes.WinError(ctypes.get_last_error())
            sid = ctypes.c_void_p.from_buffer(room)
            if not security.ConvertSidToStringSidW(sid, ctypes.byref(text)):
                raise ctypes.WinError(ctypes.get_last_error())
            return _taken(text)
        finally:
            kernel.CloseHandle(token)

    def _taken(text: ctypes.c_wchar_p) -> str:
        """
        Copy a text that Windows has made, and give its memory back.
        """
        try:
            return text.value or ""
        finally:
            ctypes.WinDLL("kernel32").LocalFree(ctypes.cast(text, ctypes.c_void_p))
