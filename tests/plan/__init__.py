"""What the planner promises, module by module, and its properties over generated fleets."""
