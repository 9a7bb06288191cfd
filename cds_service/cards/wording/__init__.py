"""Every sentence a clinician reads, by what it is about."""
