"""The embedded testbed: drawn image-caption pairs with a known truth, made from a seed and a `Domain`.

`datalines.testbed.domain` holds what a user declares and imports in milliseconds; `datalines.testbed.generate` draws.
"""
