"""Drawing a described graph: laid out in rows, as an SVG picture, as an HTML page."""
