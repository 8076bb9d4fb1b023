"""What the program promises under faults, each promise with the row that tests it."""
