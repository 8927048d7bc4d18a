"""All kinds of attack, in the order in which a message is judged."""

from tests.attacks import encryption, signed_info, wrapping, xml_tricks

KINDS = (xml_tricks.KIND, xml_tricks.FLOODS, wrapping.KIND, signed_info.KIND, encryption.KIND)
