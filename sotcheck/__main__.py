"""``python -m sotcheck``."""

from sotcheck.cli import main

if __name__ == "__main__":
    main()
