"""Whether people are found: an invented public sector, and queries frozen in files (see README.md)."""
