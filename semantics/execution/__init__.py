"""Pre-executions (floor 4): the event structure of a program, its concrete executions and their outcomes.

This is the only room that reduction's world and the axioms' world share.
"""
