"""System checks: a wrong configuration is one clear sentence at the start."""
