"""The benchmarks run, and their document is made of their figures. Nothing here is about how fast anything is."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import pytest

import tokend as system

BENCH = system.ROOT / 'tests/bench'
DOCS = system.ROOT / 'docs'
# what is in that folder beside benchmarks
SHARED = {'bench', 'peers', 'report', 'resident', 'seeded'}

sys.path.insert(0, str(BENCH))
import report


def run(*arguments, **env):
    return subprocess.run([BENCH / 'run', *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=system.PATIENCE * 4, env={**os.environ, **env})


def listed():
    return run('--list').stdout.split()


def contents(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob('*')}


def test_list_names_every_benchmark():
    assert set(listed()) == {path.stem for path in BENCH.glob('*.py')} - SHARED


def test_each_says_what_it_is():
    for name in listed():
        body = ast.parse((BENCH / f'{name}.py').read_text()).body
        made = {ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)}
        made |= {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert {'TITLE', 'ABOUT', 'measure'} <= made, name


def test_help_and_mistakes():
    assert 'tests/bench/run --list' in run('--help').stdout
    mistaken = run('no-such')
    assert (mistaken.returncode, mistaken.stdout) == (2, '')
    assert 'issue' in mistaken.stderr


@pytest.mark.root
def test_a_quick_run_measures_and_leaves_nothing():
    before = contents(DOCS), sorted(system.BUILD.glob('bench.*'))
    done = run('issue', QUICK='1', PEERS='no', TOKEND_HERE='1', TOKEND_BUILD=str(system.BUILD))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'^  tokend +tokens [\d,.]+ 1/s', done.stdout, re.M)
    assert len(re.findall(r'^  (?:met   |MISSED) issue: ', done.stdout.partition('== Bars')[2], re.M)) == 4
    assert (contents(DOCS), sorted(system.BUILD.glob('bench.*'))) == before


def test_the_document_is_made_of_the_figures(tmp_path):
    (tmp_path / 'performance').mkdir()
    for path in (DOCS / 'performance').glob('*.json'):
        shutil.copy(path, tmp_path / 'performance')
        assert json.loads(path.read_text())['name'] == path.stem in listed()
    report.write(tmp_path)
    assert (tmp_path / 'performance.md').read_text() == (DOCS / 'performance.md').read_text()
    assert {path.name for path in (tmp_path / 'performance').iterdir()} == \
        {path.name for path in (DOCS / 'performance').iterdir()}


def result(plots):
    cells = {'server CPU': {'unit': 'µs', 'all': [7, 6.5, 8]}}
    return {'name': 'some', 'title': 'Some | thing', 'about': 'About it.', 'date': '2026-11-01', 'rounds': 3,
            'command': 'tests/bench/run some', 'machine': {'processor': 'P', 'cores': 2, 'memory GiB': 24,
                                                           'file system': 'ext4', 'virtual': 'kvm', 'load before': 0},
            'versions': {'tokend': '1'}, 'notes': [], 'plots': plots,
            'tables': [{'heading': None, 'rows': [{'name': 'tokend', 'kind': 'tokend', 'values': cells},
                                                  {'name': 'limit', 'kind': 'limit', 'values': {}}]}],
            'bars': [{'text': 'times', 'unit': '', 'all': [1.3], 'most': 1.4, 'at_least': None, 'met': True}]}


@pytest.mark.parametrize('plot', [
    {'kind': 'bars', 'values': [["it's tokend_1", [7, 6, 8], 'tokend'], ['limit', [5], 'limit']]},
    {'kind': 'bars', 'values': [['tokend', [7, 6, 8], 'tokend'], ['peer', [688], 'peer']]},
    {'kind': 'lines', 'values': {'tokend': [[1000, [5, 6]], [10000000, [7]]], 'limit': [[1000, [5000]]]}},
    {'kind': 'lines', 'values': {'tokend': [[1, [0, 6]], [2, [7]]]}}])
def test_plots_are_dark_where_the_screen_is(tmp_path, plot):
    report.keep(result([{'title': 'A title', 'unit': 'µs', 'x': 'tokens', **plot}]), tmp_path)
    report.write(tmp_path)
    svg = (tmp_path / 'performance/some.svg').read_text()
    xml.etree.ElementTree.fromstring(svg)
    assert 'prefers-color-scheme: dark' in svg and '#0d1117' in svg and 'A title' in svg
    text = (tmp_path / 'performance.md').read_text()
    assert '| **tokend** | 7.00 (6.50–8.00) |\n| limit |  |' in text
    assert '| times | 1.300 | at most 1.4 | met |' in text
