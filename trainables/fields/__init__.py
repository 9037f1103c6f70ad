"""Groups of Config fields: one file per group, with the conditions that its fields must meet and what it builds.

A family's Config inherits from its groups. A group loads neither torch nor ray when imported: its builder does.
"""
