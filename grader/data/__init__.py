"""The data that notebooks ask for: real files where instructors put them, stand-ins otherwise.

``catalogue`` reads what the course needs, ``store`` finds, checks and makes the files, ``prepared`` is what a sandbox
and the rubrics get.
"""

from grader.data.catalogue import Asset, load_catalogue
from grader.data.prepared import PreparedAssets
from grader.data.store import AssetStatus, AssetStore

__all__ = ["Asset", "AssetStatus", "AssetStore", "PreparedAssets", "load_catalogue"]
