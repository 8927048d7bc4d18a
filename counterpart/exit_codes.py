"""Exit codes of every command; programs outside rely on them."""

DONE = 0  # or nothing to do
OTHER = 1  # anything that is not one of these
PLANNED = 2  # changes are planned
HELD = 3  # the guard held the run
REFUSED = 4  # the input was refused
PARTLY = 5  # some rows were rejected
