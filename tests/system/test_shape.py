"""The layout's rules: includes point one way, and outside headers stay in their places."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(path for top in ('client', 'daemon', 'pam') for path in (ROOT / top).rglob('*.[ch]'))

# A layer may include itself and what stands here.
MAY_INCLUDE = {
    'wire': set(),
    'base': {'wire'},
    'store': {'wire', 'base'},
    'core': {'wire', 'base', 'store'},
    'http': {'wire', 'base', 'core'},
    'bus': {'wire', 'base', 'core'},
    'userdb': {'wire'},
    'manager': {'wire', 'base', 'store', 'core', 'http', 'bus', 'userdb'},
    'client': {'wire'},
    'ctl': {'wire', 'client'},
    'pam': {'wire', 'client'},
}

# Header: the only files that may include it.
CONFINED = {
    r'jsmn\.h': r'client/wire/json-read\.c',
    r'curl/curl\.h': r'client/transport-curl\.c',
    r'security/.*': r'pam/.*',
    r'sqlite3\.h': r'daemon/store/sqlite[a-z-]*\.[ch]',
    r'libpq-fe\.h': r'daemon/store/postgresql[a-z-]*\.[ch]',
    r'microhttpd\.h': r'daemon/http/.*',
    r'systemd/sd-bus\.h': r'daemon/bus/.*',
}


def layer_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == 'daemon':
        return parts[1] if len(parts) > 2 else 'manager'
    if parts[0] == 'client':
        return parts[1] if len(parts) > 2 else 'client'
    return parts[0]


def includes_of(path, pattern):
    return re.findall(pattern, path.read_text(), re.MULTILINE)


def layer_of_include(path, name):
    """What "folder/file.h" or a neighbour's "file.h" belongs to."""
    for base in (path.parent, ROOT / 'daemon', ROOT / 'client', ROOT):
        if (base / name).is_file():
            return layer_of(base / name)
    return None


def wrong_includes():
    for path in SOURCES:
        layer = layer_of(path)
        for name in includes_of(path, r'^\s*#\s*include\s+"([^"]+)"'):
            other = layer_of_include(path, name)
            if other != layer and other not in MAY_INCLUDE[layer]:
                yield f'{path.relative_to(ROOT)} ({layer}) includes {name} ({other})'


def escaped_headers():
    for path in SOURCES:
        relative = str(path.relative_to(ROOT))
        for name in includes_of(path, r'^\s*#\s*include\s+<([^>]+)>'):
            for header, places in CONFINED.items():
                if re.fullmatch(header, name) and not re.fullmatch(places, relative):
                    yield f'{relative} includes <{name}>'


def test_there_is_something_to_check():
    assert len(SOURCES) > 50
    assert {layer_of(path) for path in SOURCES} == set(MAY_INCLUDE)


def test_includes_point_one_way():
    assert list(wrong_includes()) == []


def test_outside_headers_stay_in_their_places():
    assert list(escaped_headers()) == []


def test_top_level():
    shown = {path.name for path in ROOT.iterdir() if not path.name.startswith('.')}
    allowed = {'meson.build', 'meson_options.txt', 'README.md', 'LICENSE', 'pam', 'daemon', 'client', 'tests', 'docs'}
    assert {name for name in shown - allowed if not name.startswith('build')} == set()


def test_lines_and_files_have_their_size():
    """style.md, right-hand column: no line over 109 columns, no file over 450 lines."""
    assert [str(path) for path in SOURCES if len(path.read_text().splitlines()) > 450] == []
    assert [f'{path}:{number}' for path in SOURCES
            for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 109] == []
