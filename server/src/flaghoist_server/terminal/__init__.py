"""How people are spoken to on a terminal: words, colours, tables. Shared by command and demo."""
