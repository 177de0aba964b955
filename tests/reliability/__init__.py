"""Every command of the story, cut off everywhere: what it takes to end it there, and what is left when it has run again."""
