"""The report as a page: what stands on it, its template, its style and its script."""
