"""The machine under the agent: its CPU, memory and GPUs, its address, and threads to work on it.

The kernel's and the driver's numbers come in. Capacities and usages, as the wire's values, go out.
"""
