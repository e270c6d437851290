"""The `fairlead` command."""

from .app import app


def main() -> None:
    """Run the command line."""
    app(prog_name="fairlead")


if __name__ == "__main__":
    main()
