"""Faults on purpose, at random: processes killed, disks full, clocks wrong, files damaged. After each, the study must
come to the same bytes as one that nobody disturbed, and the audit must name what was damaged."""
