"""Asking remote registries: the only room that knows httpx.

`registry.py` is the client, `blocking.py` decides whether a remote may be asked at all. httpx is
imported when the first client is made, so a server without proxy repositories never loads it.
"""
