"""The command line's own refusal, apart from the table of all failures, which loads every package."""

from counterpart.exit_codes import OTHER


class Refused(Exception):
    """What was typed can't be done; the sentence says why and what to type instead. Nothing was changed."""

    def __init__(self, sentence: str, code: int = OTHER) -> None:
        super().__init__(sentence)
        self.code = code
