"""The known groups of permutations, by their number of elements (standard library only)."""

GROUPS = {6: (3, False), 24: (4, False), 60: (5, True), 120: (5, False)}  # elements: points, even ones only
