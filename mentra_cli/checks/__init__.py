"""What ``mentra check`` checks: one subject per file, each with its rules, all returning findings.

The library side of the command: nothing here prints or exits.
"""
