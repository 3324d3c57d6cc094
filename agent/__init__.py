"""The agent: it runs on every node, root on its host, and makes true what its manager asks of it.

Deploys and stops come in over HTTP (`agent.api`), become goals of instances (`agent.supervisor`), and are carried out
by a runtime (`agent.engine` for containers, `agent.process` for host programs). What runs goes out as reports
(`agent.reporting`).
"""
