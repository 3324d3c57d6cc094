"""The steps that lead a database of any older version to the newest."""
