"""What tests of an application use: overrides, a pytest fixture, a client without a server."""
