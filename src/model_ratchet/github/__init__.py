"""GitHub, resource by resource, through PyGithub. Nothing here decides anything."""
