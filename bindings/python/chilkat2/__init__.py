"""The classes of openck under the name of the module that programs import for Chilkat's API.

It is independent of Chilkat Software and contains none of its code.
"""

from openck import *  # noqa: F401,F403
from openck import __all__, __version__  # noqa: F401
