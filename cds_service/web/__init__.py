"""The HTTP edge: routes, wire models and errors as OperationOutcome."""
