"""Fetching of what URL lists name: the network engine, its limits, and the closed list of statuses.

`crawl(requests, policy)` asks for every URL exactly once and tells a dead link from a broken network."""
