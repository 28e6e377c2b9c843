"""What can be written in many ways and stays the same: numbers, dates, formulas, names."""
