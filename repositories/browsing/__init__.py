"""What repositories hold, as people look at it: images, tags, and what is inside a manifest.

Every list comes in pages, and a page costs the same number of queries however long the list is.
Images are paged by key, tags by number: people go to the last page, too.
"""
