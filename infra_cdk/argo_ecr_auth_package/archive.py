"""Zips a folder to the same bytes on every machine."""

import stat
import zipfile
from pathlib import Path

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
_UNIX = 3
_FILE_MODE = stat.S_IFREG | 0o644
_LEVEL = 9


def zip_folder(folder: Path, file: Path) -> None:
    """Write all files of the folder, readable by everybody, sorted by their paths and without their times.

    The bytes also depend on zlib: two builds of Python may compress differently.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _FILE_MODE << 16
            archive.writestr(entry, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)
