"""The client's side of the door."""
