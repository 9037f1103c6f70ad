"""Grids shared by experiments, each with its origin, and even steps between two ends: ``log(1e-3, 1, 7)``."""

from search_spaces._grids import linear as linear
from search_spaces._grids import log as log

KL_STRENGTHS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""λ without unit, two per decade; inferred, since the swept values are stripped from arXiv 2605.15787, appendix G.3."""

KL_STRENGTHS_AROUND_THE_FLOOR = (0.01, 0.02, 0.03, 0.05, 0.1, 1.0)
"""λ for p = 67 on a laptop: one level too weak to grok within the budget, three above the floor, two on it."""

WEIGHT_DECAYS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Decoupled weight decay per unit of learning rate, two per decade; inferred, the paper never varies it."""

WEIGHT_DECAYS_ON_A_LAPTOP = (0.25, 0.35, 0.5, 0.7, 1.0, 1.5, 3.0)
"""Weight decay for p = 67 on a laptop: from what groks within 3,500 steps to where more of it stops helping."""

WIDTHS = (16, 32, 64, 128, 256)
"""Embedding width d, doubling; inferred, the values are stripped from arXiv 2605.15787, appendix G.3."""

WIDTHS_ON_A_LAPTOP = (16, 24, 32, 48, 64, 96)
"""Embedding width d for p = 67 on a laptop: six levels over a factor of six."""
