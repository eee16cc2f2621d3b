"""The binary model of "Quality Not Quantity", section 6: closed forms, Monte Carlo, and what both say of each other."""
