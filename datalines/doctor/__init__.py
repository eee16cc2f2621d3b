"""`datalines doctor`: whether a study can run here, on one screen. It looks, and changes nothing."""
