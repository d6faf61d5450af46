"""Files of contacts are read, and bad ones refused in one sentence."""
