"""The staff's pages of messages and channels."""
