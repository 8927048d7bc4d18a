"""What `make run` and the tests need beside the product: servers, invented people, sign-in.

Nothing in the product imports it, and it is not installed with it.
"""
