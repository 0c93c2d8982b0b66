"""The command line: the app, one module a command, and what it prints."""
