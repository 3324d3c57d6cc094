"""What a runtime is, and what both runtimes share: checks, probes, and when to restart what failed.

Components and results of checks come in. Verbs to implement, and decisions that are pure functions of handed-in
times, go out.
"""
