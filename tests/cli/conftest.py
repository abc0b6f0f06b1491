"""The command, as the stories have it."""

from tests.stories.conftest import bulkup, contacts, process, served

__all__ = ["bulkup", "contacts", "process", "served"]
