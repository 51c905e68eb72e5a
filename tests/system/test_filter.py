"""The units' SystemCallFilter= lets everything through that the programs call.

strace -D keeps the daemon's process id, and -ff writes one file a thread or process, so that the calls of
tokend-userdb, which tokend starts here itself, can be told from its own.
"""

import pathlib
import re
import shutil
import subprocess

import pytest

import tokend as system

pytestmark = pytest.mark.root

# SQLite gives new files the database's owner; only root does that, and the unit is not root.
AS_ROOT_ONLY = {'chown', 'fchown'}


def members(name):
    """What a group of systemd.exec(5) holds."""
    text = subprocess.run(['systemd-analyze', 'syscall-filter', name], capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith('#')]
    return {call for word in words for call in (members(word) if word.startswith('@') else {word})}


def filter_of(unit):
    allowed = members('@default')
    for line in re.findall(r'^SystemCallFilter=(.*)$', (system.BUILD / 'daemon/data' / unit).read_text(), re.M):
        words = line.lstrip('~').split()
        calls = {call for word in words for call in (members(word) if word.startswith('@') else {word})}
        allowed = allowed - calls if line.startswith('~') else allowed | calls
    return allowed


@pytest.fixture
def traces(folder):
    missing = [name for name in ('strace', 'openssl') if not shutil.which(name)]
    if missing:
        pytest.skip(f'not installed: {missing}')
    return pathlib.Path(folder) / 'trace'


def calls_of(traces):
    """Two sets: tokend's, tokend-userdb's."""
    sets = (set(), set())
    for path in traces.parent.glob(f'{traces.name}.*'):
        text = path.read_text(errors='replace')
        is_userdb = f'execve("{system.USERDB}"' in text
        sets[is_userdb].update(re.findall(r'^(\w+)\(', text, re.M))
    return sets


def make_certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
                    '-keyout', f'{folder}/key.pem', '-out', f'{folder}/chain.pem'], check=True, capture_output=True)
    return {'CertificateFile': f'{folder}/chain.pem', 'KeyFile': f'{folder}/key.pem'}


def live(daemon, bus):
    """A bit of everything."""
    daemon.add_user('ada')
    grant = daemon.grant('ada').json()
    assert daemon.grant('ada', 'wrong').status == 400
    assert daemon.introspect(grant['access_token'])['active']
    refreshed = daemon.request('POST', '/oauth/token', form={'grant_type': 'refresh_token',
                                                             'refresh_token': grant['refresh_token']})
    assert refreshed.status == 200
    daemon.ctl('client', 'add', 'service', '--grants=client_credentials')
    system.wait_for(lambda: bus.busctl('status', 'org.tokend1', check=False).returncode == 0, 'the name')
    assert bus.call('ListTokens')
    assert subprocess.run(['getent', 'passwd', 'ada'], capture_output=True).returncode == 0
    daemon.config['Http'].update(Listen='127.0.0.1:0 [::1]:0', **make_certificate(daemon.folder))
    daemon.write_config()
    bus.call('Reload')
    assert subprocess.run(['curl', '-sk', f'https://127.0.0.1:{daemon.port}/healthz']).returncode == 0
    daemon.ctl('token', 'revoke', '--all')
    daemon.ctl('user', 'remove', 'ada')


def test_every_call_is_inside_the_filter(make_tokend, bus, traces):
    daemon = make_tokend({'Daemon': {'Userdb': '/run/systemd/userdb/org.tokend'}},
                         env={'DBUS_SYSTEM_BUS_ADDRESS': bus.address})
    daemon.start(prefix=['strace', '-D', '-ff', '-qq', '-o', traces], arguments=[f'--userdb-program={system.USERDB}'])
    live(daemon, bus)
    assert daemon.stop() == 0
    tokend, userdb = calls_of(traces)
    assert {'epoll_wait', 'fdatasync', 'setpriority'} <= tokend and 'accept4' in userdb
    assert tokend - filter_of('tokend.service') - AS_ROOT_ONLY == set()
    assert userdb - filter_of('tokend-userdb.service') == set()
