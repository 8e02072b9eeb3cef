"""Results for people and for tools: pure functions from results to text. Nothing is computed here."""
