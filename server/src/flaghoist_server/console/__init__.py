"""The console: the page at `/` on which people watch flags and change them.

Rules: the server renders, the browser shows. Everything that can be read, killed, switched, ramped
or undone works as a plain form without JavaScript; the scripts add what moves. `words/` turns
documents into sentences and is pure; `pulse` keeps the last hour's evaluations; `sessions` knows
who has signed in; `views` gathers what a page shows; `pages` renders; the handlers stand in
`reading`, `writing`, `entrance` and `live`.
"""
