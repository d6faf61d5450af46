"""Stories about Portico, told against the real thing."""
