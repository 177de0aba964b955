"""Arrays and counts in, frozen estimates out. numpy and scipy are imported inside functions: cold start."""
