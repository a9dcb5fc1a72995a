"""A pocket calculator for shopkeepers."""
