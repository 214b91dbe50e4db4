"""Groups, companies, universities and offices: their records, registrations and confirmation.

Doors of its own: `records` (a record as read), `rows` (its values → the rows of its tables).
"""
