"""The ground floor: nothing here knows what the service is about.

db          engine, sessions, column types, locks
changes     the change log and what waits to be indexed
errors      the error tree and its problem documents
http        middleware, tokens, ETags
tokens      the file of the operator token
text        checked text for forms
bits        small sets as integers
clock       today in Tokyo, 和暦
paging      cursors
templating  Jinja
logs        one JSON line an event
"""
