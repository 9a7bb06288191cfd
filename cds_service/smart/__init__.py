"""The SMART on FHIR companion page: the course of one patient, from data that the page fetches itself."""
