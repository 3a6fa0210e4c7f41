"""What repositories hold, as people look at it: images, tags, and what is inside a manifest.

Every list comes in pages by key, and a page costs the same number of queries however long it is.
"""
