"""What a transaction may end in beside Django's own errors."""

from django.db import OperationalError


class CommitUncertain(OperationalError):
    """Nobody can tell whether the transaction was committed: the connection or the disk failed.

    Any other error of a transaction means that nothing of it was.
    """
