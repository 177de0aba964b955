"""Selftest: the attacks and traps that every installation is tried with, and what is said of each. Pure."""
