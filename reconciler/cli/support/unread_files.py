"""Why a business may be unknown though it is in a file."""

from reconciler.cli.support.client import Client

FILES_NAMED_MAX = 5


def unread_files_hint(client: Client) -> str:
    """Say why a business may be unknown though it is in a file, "" when no file has problems. Raises CliError."""
    files = {problem["file"] for source in client.get("/api/sources") for problem in source["problems"]}
    named = ", ".join(sorted(files)[:FILES_NAMED_MAX]) + (" …" if len(files) > FILES_NAMED_MAX else "")
    return (
        f"; nothing new is taken from files that have problems ('reconciler diff' lists them): {named}" if files else ""
    )
