"""An org and a way to speak to it."""

from dataclasses import dataclass, field

from bulkup.auth.credentials import Credentials
from bulkup.retry import RetryPolicy
from bulkup.salesforce.client import Client
from bulkup.salesforce.describe import org_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An org and a way to speak to it. `patience` bears faults of single calls."""

    credentials: Credentials
    client: Client = field(repr=False)
    patience: RetryPolicy = field(repr=False)

    @property
    def alias(self) -> str:
        """What the user calls the org; empty for one that only the environment names."""
        return self.credentials.alias

    @property
    def instance_url(self) -> str:
        """The org's own URL."""
        return self.credentials.instance_url

    def org_id(self) -> str:
        """The org's own id, which stays when its URL changes."""
        return self.patience(lambda: org_id(self.client))
