"""The one door for files from outside: nothing is run, sizes are checked before allocating."""
