"""Files: compression, atomic writing, locks, checksums, object storage."""

from typing import TYPE_CHECKING

from babelite._lazy import lazy_exports

if TYPE_CHECKING:
    from babelite.storage.checksums import sha256
    from babelite.storage.files import (
        COMPRESSIONS,
        cannot_write,
        decode_lines,
        is_read_once,
        is_standard_output,
        make_folder,
        read_lines,
        reading_bytes,
        require_file,
        suffix_of,
        whole_lines,
        write_text,
        writing,
        writing_bytes,
        writing_text,
    )
    from babelite.storage.format_version import check_format_version
    from babelite.storage.json_lines import read_record, text_of, without_half_pairs
    from babelite.storage.locks import LOCK, InUseError, lock, locked
    from babelite.storage.parquet import (
        is_text,
        reading_parquet,
        require_no_zero_byte,
        require_one,
        require_pyarrow,
    )
    from babelite.storage.urls import Folder, expanded, is_url, reading, reading_stored

__all__ = [
    "COMPRESSIONS",
    "LOCK",
    "Folder",
    "InUseError",
    "cannot_write",
    "check_format_version",
    "decode_lines",
    "expanded",
    "is_read_once",
    "is_standard_output",
    "is_text",
    "is_url",
    "lock",
    "locked",
    "make_folder",
    "read_lines",
    "read_record",
    "reading",
    "reading_bytes",
    "reading_parquet",
    "reading_stored",
    "require_file",
    "require_no_zero_byte",
    "require_one",
    "require_pyarrow",
    "sha256",
    "suffix_of",
    "text_of",
    "whole_lines",
    "without_half_pairs",
    "write_text",
    "writing",
    "writing_bytes",
    "writing_text",
]

# Lazy: a first vector needs checksums only, and decompressors take longer to import.
__getattr__ = lazy_exports(
    __name__,
    {
        "checksums": "sha256",
        "files": "COMPRESSIONS cannot_write decode_lines is_read_once is_standard_output "
        "make_folder read_lines reading_bytes require_file suffix_of whole_lines write_text "
        "writing writing_bytes writing_text",
        "format_version": "check_format_version",
        "json_lines": "read_record text_of without_half_pairs",
        "locks": "LOCK InUseError lock locked",
        "parquet": "is_text reading_parquet require_no_zero_byte require_one require_pyarrow",
        "urls": "Folder expanded is_url reading reading_stored",
    },
)
