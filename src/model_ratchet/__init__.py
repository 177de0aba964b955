"""Ratchet: a GitOps policy-as-code checker for machine-learning model promotion."""

__version__ = "0.1.0"
