"""What an operator does at the command line, one noun a module."""
