"""What other libraries make of our files, each in an environment of its own."""
