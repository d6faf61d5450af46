"""Sessions: how they begin, how long they last, and what ends them."""
