"""The demonstration: versions of a flight-delay model, trained, served and proposed for promotion on real flights of 2013."""
