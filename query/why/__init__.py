"""Why a page came up, or why not: per query token, phase by phase."""
