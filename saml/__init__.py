"""Departments sign their leaders in: registry of identity providers, verified assertions, linking, single
logout.

A message passes precheck (shape, before any cryptography) -> engine (signature) -> postcheck (meaning) ->
replay
-> identity (to whom it may belong). Nothing here knows of Flask; `sign_on.SignOn` is what the portal uses.
"""
