"""How well questions with known right pages are answered: whence they come, what is measured."""
