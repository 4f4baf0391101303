"""``python -m aliquot`` is the program ``aliquot``."""

from aliquot.cli.app import main

main()
