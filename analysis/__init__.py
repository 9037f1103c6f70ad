"""From a table of censored events to laws, verdicts and figures; knows nothing of how the events were made."""
