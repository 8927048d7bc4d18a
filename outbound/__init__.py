"""Asks addresses that somebody else wrote down: verified, bounded, and never inside our own network."""
