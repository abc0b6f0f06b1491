"""Faults to order from the local org: which requests go wrong, and which jobs."""

from bulkup.localorg.faults.plan import (
    FOR_EVER,
    FaultAction,
    FaultPlan,
    Faults,
    JobFault,
    RequestFault,
)

__all__ = ["FOR_EVER", "FaultAction", "FaultPlan", "Faults", "JobFault", "RequestFault"]
