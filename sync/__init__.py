"""HR feeds into the directory: receive, verify, read, map, match, plan, guard, approve, apply, read back,
receipt.

Everything up to the guard is pure; `apply.py` is the only module that writes to the directory.
"""
