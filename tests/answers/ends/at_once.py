"""Ends at once, and says that all went well."""
