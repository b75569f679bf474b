"""`flaghoist demo`: a server, a page, a storefront of four processes, traffic, and one screen."""
