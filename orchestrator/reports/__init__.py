"""From the table of runs to answers, pages, figures, ledgers and the audit of published numbers."""
