"""The pure engine: facts in, a graded and explained assessment out. No I/O, no clock."""
