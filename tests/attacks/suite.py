"""All kinds of attack, in the order in which a message is judged."""

from tests.attacks import encryption

KINDS = (encryption.KIND,)
