"""Blocks that any domain uses: masks, convolutions, attention, feed-forward, the contract they keep."""
