"""Who fits whom, and why: gates, then criteria, then scores with their reasons.

Doors of its own: `traits` (what is matched on, as columns), `market` (everything that can be
matched, in memory and in step with the registry), `gates`, `criteria`, `scores`, `reasons` (pure),
`settings` (what a city sets), `assignments` (volunteers to shifts), `nightly` (what is counted then).
"""
