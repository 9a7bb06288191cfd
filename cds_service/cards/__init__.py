"""Assessments turned into what a clinician reads and what a machine can parse."""
