"""Makes a hosted repository in the database: ``python -m tests.support.hosted_by_orm '<JSON>'``.

For as long as REST cannot do it.
"""

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "nexuslite.settings"
import django

django.setup()

from nexuslite import stamps  # noqa: E402
from repositories.connectors import publish_wanted_connectors  # noqa: E402
from repositories.models import BlobStore, Repository  # noqa: E402

document = json.loads(sys.argv[1])
with stamps.change(stamps.CONFIGURATION):
    Repository.objects.create(
        name=document["name"],
        type="hosted",
        blob_store=BlobStore.objects.get(name=document["storage"]["blobStoreName"]),
        write_policy=document["storage"]["writePolicy"],
        latest_policy=document["storage"]["latestPolicy"],
        http_port=document["docker"]["httpPort"],
        https_port=document["docker"]["httpsPort"],
        path_enabled=document["docker"]["pathEnabled"],
        force_basic_auth=document["docker"]["forceBasicAuth"],
    )
publish_wanted_connectors()
