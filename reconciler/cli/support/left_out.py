"""Why a business may be unknown though it is in a file."""

from reconciler.cli.support.client import Client

FILES_NAMED_MAX = 5


def left_out(client: Client) -> str:
    """Why a business may be unknown though it is in a file: what is wrong with files."""
    files = {problem["file"] for source in client.get("/api/sources") for problem in source["problems"]}
    named = ", ".join(sorted(files)[:FILES_NAMED_MAX]) + (" …" if len(files) > FILES_NAMED_MAX else "")
    return (
        f"; nothing new is taken from files that have problems ('reconciler diff' lists them): {named}" if files else ""
    )
