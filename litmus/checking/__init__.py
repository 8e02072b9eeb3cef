"""Tests against models: verdicts, complete outcome tables, the audit of scripts, whole suites."""
