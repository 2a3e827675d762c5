"""What the start-up tools say when they cannot go on: one sentence and what to do."""


class CannotStart(Exception):
    """A condition only the operator can change. `str()` is the sentence, `remedy` the next step."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.remedy = remedy
