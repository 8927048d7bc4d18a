"""A small SAML identity provider of our own, for the demonstration and the tests.

It asks for no password: one chooses who to be. Several providers live under one port, each under its own
path with its own key and metadata. It shares the signature library with the service provider, so it proves
that the two fit together, not that either is right; independent providers do that in tests/interop.
"""
