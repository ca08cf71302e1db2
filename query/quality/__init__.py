"""How well an index answers: questions with their right pages, measures, sweeps, pictures."""
