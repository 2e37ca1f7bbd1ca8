//! Polar on a laptop: a deterministic world, its clock, its rules, its HTTP face, pages and webhooks.
