"""The storefront: an application of the kind that uses flags, written as its own team would."""
