"""``python -m sotcheck``."""

from sotcheck.command.main import main

if __name__ == "__main__":
    main()
