"""`python -m patchtrail`: the same door as the `patchtrail` command."""

from patchtrail.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
