"""The command `flaghoist`: a way in for people and scripts; each command decodes, calls, prints."""
