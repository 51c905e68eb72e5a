"""Fixtures: everything that a test starts ends with it."""

import os
import shutil
import tempfile

import pytest

import tokend as system


def pytest_configure(config):
    config.addinivalue_line('markers', 'root: needs root (namespaces, other uids, PAM services)')
    config.addinivalue_line('markers', 'sanitize: runs with the ASan and UBSan build as well')
    config.addinivalue_line('markers', 'foreign: but not this one, it has a program load the module that has no sanitizers')


def pytest_collection_modifyitems(items):
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker('root'):
            item.add_marker(pytest.mark.skip(reason=f'{item.name}: needs root'))


@pytest.fixture
def folder():
    """Not pytest's own: its parents must be root's and open for other uids."""
    path = tempfile.mkdtemp(prefix='tokend-test-', dir='/run' if os.geteuid() == 0 else None)
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_tokend(folder):
    made = []

    def make(config=None, name='tokend', **options):
        daemon = system.Tokend(os.path.join(folder, name), config, **options)
        made.append(daemon)
        return daemon

    yield make
    for daemon in made:
        if daemon.process is not None:
            log = daemon.output()
            status = daemon.stop()
            assert status == 0, f'tokend ended with {status}: {log}'
            assert 'Sanitizer' not in log and 'runtime error' not in log, log


@pytest.fixture
def daemon(make_tokend):
    return make_tokend().start()


@pytest.fixture
def bus(folder):
    bus = system.Bus(os.path.join(folder, 'bus'))
    yield bus
    bus.stop()


@pytest.fixture
def syslog():
    syslog = system.Syslog()
    yield syslog
    syslog.stop()
