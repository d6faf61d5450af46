"""The floor: the same three journeys by hand, on bare Flask, sqlite3 and smtplib.

It shares no line with the product. README.md beside the bench says what it does and leaves out.
"""
