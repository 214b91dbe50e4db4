"""Who fits whom, and why: gates, then criteria, then scores with their reasons.

Doors of its own. Pure: `traits` (what is matched on, as columns), `times`, `gates`, `criteria`,
`scores`, `reasons`. With the registry: `market` (everything that can be matched, in memory and in
step), `loading` (rows → traits), `dates` (when), `refusals` (who must not meet), `settings` (what a
city sets), `partners` (groups for groups), `assignments` and `volunteers` (who takes which date),
`nightly` (what is counted then), `erasing` (letting go of somebody).
"""
