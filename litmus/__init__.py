"""The litmus tool: test formats, verdicts, reports, the catalogue and the command line."""
