"""The command line: noun verb. Prints for people, or for programs with --json."""


def main() -> None:
    """The entry point of `crossdock`."""
    from crossdock.cli.app import app  # everything else is imported by the command that needs it

    app()
