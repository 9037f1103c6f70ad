"""The figures of a report, one file each; the only folder that imports matplotlib, and never pyplot.

No backend is used, so an unknown one in MPLBACKEND must not stop the figures: matplotlib would refuse it when it is
imported.
"""

import importlib
import os

_named = os.environ.pop("MPLBACKEND", None)
try:
    importlib.import_module("matplotlib")
finally:
    if _named is not None:
        os.environ["MPLBACKEND"] = _named
