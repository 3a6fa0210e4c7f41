"""The frame of the web interface and the pages that belong to the whole."""
