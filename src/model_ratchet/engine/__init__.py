"""The decisions: what a promotion is bound to, how it is judged, and what a change to the repository means. Pure."""
