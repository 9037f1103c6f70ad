"""Experiments: every public module holds one, as EXPERIMENT; its file name is the name that is launched.

Experiment files import what they need from here: ``from search_spaces import Claim, Experiment, ParameterWithin, …``.
"""

from analysis.claims import Claim
from analysis.criteria import Event
from analysis.rules.dropping_shift import DroppingShift
from analysis.rules.every_within import EveryWithin
from analysis.rules.floor_share import FloorShare
from analysis.rules.measure_change import MeasureChange
from analysis.rules.measure_within import MeasureWithin
from analysis.rules.parameter_within import ParameterWithin
from analysis.rules.ratio_within import RatioWithin
from analysis.rules.share_within import ShareWithin
from analysis.rules.slope_within import SlopeWithin
from search_spaces import _axes as axes
from search_spaces import _tickets as tickets
from search_spaces._claims import only_at
from search_spaces._events import Ending
from search_spaces._experiment import Experiment
from search_spaces._regimes import laptop, paper
from search_spaces._space import BEST_POINT, REFERENCE_POINT, Scale, Search, SearchSpace
from trainables.modules import from_module
from trainables.recording import Recording, log_steps

__all__ = [
    "BEST_POINT",
    "REFERENCE_POINT",
    "Claim",
    "DroppingShift",
    "Ending",
    "Event",
    "EveryWithin",
    "Experiment",
    "FloorShare",
    "MeasureChange",
    "MeasureWithin",
    "ParameterWithin",
    "RatioWithin",
    "Recording",
    "Scale",
    "Search",
    "SearchSpace",
    "ShareWithin",
    "SlopeWithin",
    "axes",
    "from_module",
    "laptop",
    "log_steps",
    "only_at",
    "paper",
    "tickets",
]
