"""The figures of a report, one file each; the only folder that imports matplotlib, and never pyplot.

No backend is asked for, so none that a notebook names in MPLBACKEND may stop them: matplotlib would refuse an unknown
one when it is imported.
"""

import importlib
import os

_named = os.environ.pop("MPLBACKEND", None)
try:
    importlib.import_module("matplotlib")
finally:
    if _named is not None:
        os.environ["MPLBACKEND"] = _named
