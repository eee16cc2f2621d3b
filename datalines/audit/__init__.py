"""Audits of a results folder, on any machine and without Snakemake: is every file what its receipt says, does it follow
from what it was made from, and do the numbers come out again?"""
