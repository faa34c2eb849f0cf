"""`python -m crossdock.cli`, the same as `crossdock`."""

from crossdock.cli import main

main()
