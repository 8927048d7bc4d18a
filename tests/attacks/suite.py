"""All kinds of attack, in the order in which a message is judged."""

from tests.attacks import encryption, logout, meaning, metadata, signed_info, wrapping, xml_tricks

KINDS = (
    xml_tricks.KIND,
    xml_tricks.FLOODS,
    wrapping.KIND,
    signed_info.KIND,
    encryption.KIND,
    meaning.KIND,
    meaning.TENANTS,
    logout.KIND,
    metadata.KIND,
)
