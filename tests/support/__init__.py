"""What support people do with a client on the line."""
