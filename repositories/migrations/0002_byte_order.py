"""Names sort and compare by their bytes on every database (SQLite does so by itself).

Keyset pages of tags and images need the order of the index and the order of the registry API to
be the same one.
"""

from django.db import migrations

COLUMNS = [
    ("repositories_image", "name"),
    ("repositories_tag", "name"),
    ("repositories_manifest", "digest"),
]


def collate(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column in COLUMNS:
        model = apps.get_model("repositories", table.removeprefix("repositories_"))
        field = model._meta.get_field(column)
        kind = field.db_type(schema_editor.connection)
        schema_editor.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} COLLATE "C"')


class Migration(migrations.Migration):
    dependencies = [("repositories", "0001_initial")]

    operations = [migrations.RunPython(collate, migrations.RunPython.noop)]
