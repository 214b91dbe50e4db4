"""What `make bench` measures, and the drill that kills the service (`make drill`).

Doors: `rows` (what is printed and kept), `process` (the service and its commands as processes of
their own), `load` (clients), one file per subject (`registry`, `matching`).

For matching: `market` (a synthetic city), `reference` (a naive matching to compare with), `planted`
(a hidden truth), `arrivals` (residents, one after another), `shifts` (volunteers to seats).
"""
