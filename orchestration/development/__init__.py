"""The development database of analysts, and the loop of a change in it."""
