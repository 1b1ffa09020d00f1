"""HTML pages that need nothing else, and sounds inside of them."""
