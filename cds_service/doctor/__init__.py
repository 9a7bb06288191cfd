"""Whether a site is set up so that the service can answer: everything tried, each thing told in one line."""
