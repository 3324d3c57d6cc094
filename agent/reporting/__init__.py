"""What the manager is told: every change at once, and everything with each heartbeat.

Instance reports, inventories and the host's numbers come in. Reports over one kept connection to the manager go out.
"""
