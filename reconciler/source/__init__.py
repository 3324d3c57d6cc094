"""Where desired state comes from besides the REST API: a watched directory."""
