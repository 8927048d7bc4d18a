"""The composition root: settings, the web entry point, the command line and the background workers.

It is the only package that knows all the others; nothing imports it but `dev` and the tests.
"""

__version__ = "0.1.0"
