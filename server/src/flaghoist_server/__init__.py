"""The Flaghoist server: store, push, API, console and command."""
