"""The dashboard: draws values of `engine.model`; one bridge speaks with the engine."""
