"""A WebSocket client with the classes of Chilkat's API, in Python.

``WebSocket`` is where to begin: its text shows the order of calls. Failed calls return False or
None and leave the reason in ``LastErrorText``; only wrong types and numbers out of range raise.
"""

from ._generated import *  # noqa: F401,F403
from ._generated import __all__ as _classes
from ._runtime import version as __version__

__all__ = [*_classes, "__version__"]

for _name in _classes:
    globals()[_name].__module__ = __name__
del _name
