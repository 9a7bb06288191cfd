"""A CDS Hooks service that grades cytokine release syndrome from FHIR R4 data."""
