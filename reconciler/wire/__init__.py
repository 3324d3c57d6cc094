"""What the manager and the agents say to each other, and what both need to listen safely."""
