//! Secrets and their encryption at rest.
