"""Results of a comparison: aggregation, tables, charts and the HTML page."""
