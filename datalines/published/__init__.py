"""Published results as data: read, checked, and brought into one tidy form that lines and figures are drawn from."""
