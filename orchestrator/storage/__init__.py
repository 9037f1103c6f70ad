"""What lies under ``--storage``: files with digests, tables, and where a result comes from."""
