"""The thread-creation designs and the readings of the paper, as records over one machine (floor 4)."""
