"""Flags, rules, changes and times in words. Pure: documents in, sentences out."""
