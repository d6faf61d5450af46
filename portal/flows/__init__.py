"""The journeys, one a file; each is one transaction."""
