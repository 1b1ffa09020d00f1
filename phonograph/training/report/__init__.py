"""What a training came to, as one page to look at and to hear."""
