"""Who calls, and whether that is so: known clients, their keys, tokens, and addresses that may be reached."""
