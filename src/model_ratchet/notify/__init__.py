"""Notify: the channels by which people are told of alerts, and what each channel knows already."""
