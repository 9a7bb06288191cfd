"""The authorization server of the sandbox: SMART App Launch 2, for the companion page."""
