"""In which encoding a file is: marked, named, or guessed where one guess is clearly the best."""
