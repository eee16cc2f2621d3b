"""Sources of images and captions: what a pool's declaration names is read item by item and stored with a row for each.

`base` holds what all kinds share, `testbed`, `folder` and `webshards` read one kind each, `store` writes a part.
"""
