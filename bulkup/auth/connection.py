"""An org and a way to speak to it."""

from dataclasses import dataclass, field

from bulkup.auth.credentials import Credentials
from bulkup.errors import Refused
from bulkup.retry import RetryPolicy
from bulkup.salesforce.client import Client
from bulkup.salesforce.describe import org_id, userinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An org and a way to speak to it. `retry` repeats calls that fail with a temporary error."""

    credentials: Credentials
    client: Client = field(repr=False)
    retry: RetryPolicy = field(repr=False)

    @property
    def alias(self) -> str:
        """What the user calls the org; empty for one that only the environment names."""
        return self.credentials.alias

    @property
    def instance_url(self) -> str:
        """The org's own URL."""
        return self.credentials.instance_url

    def username(self) -> str:
        """Who the token belongs to; empty where the org does not tell."""
        try:
            return str(self.retry(lambda: userinfo(self.client)).get("preferred_username") or "")
        except Refused:
            return ""

    def org_id(self) -> str:
        """The org's own id, which stays when its URL changes."""
        return self.retry(lambda: org_id(self.client))
