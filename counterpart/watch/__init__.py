"""Watches what mail programs ask the directory, and stops the one that copies it (decision 0014)."""
