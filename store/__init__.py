"""What has a history and is not directory data: the mail outbox, the ledger, what waits for a person, the
providers.

Everything goes through `Store.transaction()`, or `Store.reading()` where nothing is written; the functions
beside it take that transaction, so several of them commit together or not at all.
"""
