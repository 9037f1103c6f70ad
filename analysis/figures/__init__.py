"""The figures of a report, one file each; the only folder that imports matplotlib."""
