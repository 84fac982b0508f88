//! Docker as the agent sees it.
