"""PostgreSQL with a pool that hands out no connection which the server has ended.

After a failover or a restart of the database every connection that lay idle in the pool is dead,
and each would fail one request. Asking the server at every checkout would cost a round trip; a
look at the socket costs a microsecond and tells the same: on an idle connection the server says
nothing but goodbye.
"""

from __future__ import annotations

import select
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.backends.postgresql import base

from nexuslite.database.errors import CommitUncertain


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL backend plus a look at each pooled connection and each failed commit."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        pool = self.pool
        # Each turn drops one connection, and the pool makes new ones: this comes to an end.
        while pool and _was_ended_by_server(connection):
            connection.close()
            pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        except (OperationalError, InterfaceError) as error:
            # The server may have done it and only its answer was lost.
            raise CommitUncertain(str(error)) from error


def _was_ended_by_server(connection: Any) -> bool:
    """Whether something waits to be read, be it a last message or the end of the stream."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
