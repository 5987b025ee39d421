"""Files: compression, atomic writing, locks, checksums, validation, object storage."""

from typing import TYPE_CHECKING

__all__ = [
    "COMPRESSIONS",
    "MAX_RECORD_BYTES",
    "READ_BLOCK",
    "CheckedFile",
    "Folder",
    "InUseError",
    "append_checksums",
    "changed_file",
    "check_format_version",
    "checksum_records",
    "checksums_path",
    "decode_lines",
    "expand_url_glob",
    "expected_value",
    "explain_validation_error",
    "intact_bytes",
    "is_lock_file",
    "is_read_once",
    "is_standard_output",
    "is_url",
    "json_with_checksum",
    "json_without_checksum",
    "line_stream",
    "lines_of",
    "lock_file",
    "locked_folder",
    "make_folder",
    "missing_folders",
    "new_folder",
    "parse_versioned_json",
    "peek",
    "read_arrays",
    "read_line_blocks",
    "read_lines",
    "read_toml",
    "reading_bytes",
    "reading_path_or_url",
    "reading_seekable",
    "record_too_large",
    "remove_empty_folders",
    "require_file",
    "require_intact",
    "require_unchanged",
    "sha256",
    "suffix_of",
    "temporary_folder",
    "truncate_checksums",
    "visible_text",
    "write_arrays",
    "write_checksums",
    "write_error",
    "write_text",
    "writing_atomically",
    "writing_bytes",
    "writing_text",
    "writing_with_checksums",
]

if TYPE_CHECKING:
    from babelite.storage.arrays import read_arrays, write_arrays
    from babelite.storage.atomic_write import (
        write_error,
        write_text,
        writing_atomically,
        writing_bytes,
        writing_text,
    )
    from babelite.storage.block_checksums import (
        CheckedFile,
        append_checksums,
        checksum_records,
        checksums_path,
        intact_bytes,
        require_intact,
        truncate_checksums,
        write_checksums,
        writing_with_checksums,
    )
    from babelite.storage.checksums import sha256
    from babelite.storage.compression import (
        READ_BLOCK,
        changed_file,
        reading_bytes,
        require_unchanged,
    )
    from babelite.storage.json_toml import (
        check_format_version,
        json_with_checksum,
        json_without_checksum,
        parse_versioned_json,
        read_toml,
    )
    from babelite.storage.line_streams import line_stream, peek
    from babelite.storage.lines import decode_lines, lines_of, read_line_blocks, read_lines
    from babelite.storage.locks import InUseError, is_lock_file, lock_file, locked_folder
    from babelite.storage.paths import (
        COMPRESSIONS,
        is_read_once,
        is_standard_output,
        make_folder,
        missing_folders,
        new_folder,
        remove_empty_folders,
        require_file,
        suffix_of,
    )
    from babelite.storage.record_limit import MAX_RECORD_BYTES, record_too_large
    from babelite.storage.temporary import temporary_folder
    from babelite.storage.terminal import visible_text
    from babelite.storage.urls import (
        Folder,
        expand_url_glob,
        is_url,
        reading_path_or_url,
        reading_seekable,
    )
    from babelite.storage.validation_errors import expected_value, explain_validation_error
else:
    from babelite import lazy_exports

    # Lazy: a first vector needs checksums only, and decompressors take longer to import.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "atomic_write": "write_error write_text writing_atomically writing_bytes writing_text",
            "arrays": "read_arrays write_arrays",
            "block_checksums": "CheckedFile append_checksums checksum_records checksums_path "
            "intact_bytes require_intact truncate_checksums write_checksums "
            "writing_with_checksums",
            "checksums": "sha256",
            "compression": "READ_BLOCK changed_file reading_bytes require_unchanged",
            "json_toml": "check_format_version json_with_checksum json_without_checksum "
            "parse_versioned_json read_toml",
            "line_streams": "line_stream peek",
            "lines": "decode_lines lines_of read_line_blocks read_lines",
            "locks": "InUseError is_lock_file lock_file locked_folder",
            "paths": "COMPRESSIONS is_read_once is_standard_output make_folder missing_folders "
            "new_folder remove_empty_folders require_file suffix_of",
            "temporary": "temporary_folder",
            "record_limit": "MAX_RECORD_BYTES record_too_large",
            "terminal": "visible_text",
            "urls": "Folder expand_url_glob is_url reading_path_or_url reading_seekable",
            "validation_errors": "expected_value explain_validation_error",
        },
    )
