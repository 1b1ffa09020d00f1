"""Blocks that any domain uses: masks, convolutions, attention, and the contract modules keep."""
