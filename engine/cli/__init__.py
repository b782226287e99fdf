"""Commands over `engine.client`: stdout is data, stderr is words, exit codes are an interface."""
