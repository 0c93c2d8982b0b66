"""`python -m tarmac` is the command `tarmac`."""

from tarmac.cli.app import main

if __name__ == "__main__":
    main()
