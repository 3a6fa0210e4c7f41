"""Loaded before Django's settings: the tests keep their data in a folder of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "NEXUSLITE_DATA_DIR" not in os.environ or os.environ.get("NEXUSLITE_TEST_DATA"):
    _folder = tempfile.mkdtemp(prefix="nexuslite-tests-")
    os.environ["NEXUSLITE_DATA_DIR"] = _folder
    os.environ["NEXUSLITE_TEST_DATA"] = "1"
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)

# A browser test leaves an event loop in its thread; the next test there may use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
