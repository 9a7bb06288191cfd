"""What a chart says, from prefetch and from the FHIR server, with a ledger of what is complete."""
