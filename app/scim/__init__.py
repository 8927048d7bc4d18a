"""SCIM 2.0 (RFC 7643, 7644) for departments' clients: `/scim/<feed>/v2` writes a feed's snapshot.

A client reads and writes what its own department sends, and nothing of the directory: people's entries change
later, by the same plan and guard as after a file.
"""
