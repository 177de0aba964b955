"""Adapters of metric sources: where measurements come from."""
