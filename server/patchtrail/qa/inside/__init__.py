"""Programs that run inside of the sandbox: standard library and the tool that they drive, and nothing else of ours.

They are shown there as a package of another name, so that a project of any name can be imported beside them.
"""

__all__: list[str] = []
