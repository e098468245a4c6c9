"""`python -m draw …`: replay a published draw."""

import sys

from draw.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
