"""What a person watches fits their terminal."""

from counterpart.commands.sync_context import fitted


def test_long_lines_are_broken_between_words_and_commands_stay_whole() -> None:
    command = '  counterpart sync approve 5f0c2a9d --reason "…" and more than thirty'
    text = "\n".join(["2026-11-25  held  5f0c2a9d  rivers / all, as of 2026-11-25", "", "short", command])
    assert fitted(text, 30).splitlines() == [
        "2026-11-25  held  5f0c2a9d",
        "    rivers / all, as of",
        "    2026-11-25",
        "",
        "short",
        command,
    ]
    assert fitted(text, 200) == text
