"""How good a recording is, before it costs a day: measures, verdicts, a report."""
