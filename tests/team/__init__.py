"""The team of an account, and the browsers of each of its people."""
