"""Frameworks: each request gets its evaluation context, and sees one snapshot from begin to end.

Rules: a module here imports its framework only if it cannot do without, and no more than one.
Nothing of an integration may take a request down: a context that cannot be made is logged, and
the request goes on without one.

    asgi      Litestar, Starlette, FastAPI and whatever else speaks ASGI
    wsgi      whatever speaks WSGI
    flask     Flask
    django    Django, both its sync and its async side
    log       a filter for `logging` that notes which variants a request saw
"""
