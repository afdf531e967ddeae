"""
Profiles: which host, which application and which tokens, under a name that is easy to say.
"""

from ctrader_twisted.profiles.file import ProfileFile, defaultPath
from ctrader_twisted.profiles.profile import Profile

__all__ = ["Profile", "ProfileFile", "defaultPath"]
