"""The directory: schema, tree, access rules and overlays (LDIF), and the one gateway to it.

No other package imports an LDAP library. Frozen records and ids go in and out, never entries and never DNs.
"""
