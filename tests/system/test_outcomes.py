"""What each function of the module answers when tokend fails at that step of a login, and whether
local users get in and change their passwords then: the table in docs/pam.md is what is measured here (threats 3, 4, 5,
17, 47).

    TOKEND_OUTCOMES=print tests/machine BUILD python3 -m pytest tests/system/test_outcomes.py

prints it for the document.
"""

import contextlib
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

import impostor
import pamsnippet
import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

DOCUMENT = system.ROOT / 'docs/pam.md'
MODULE_ONLY = 'tokend-test-outcomes'
WITH_SNIPPET = 'tokend-test-outcomes-snippet'
PASSWORD = 'correct horse'
# A healthy tokend must make it, and every step that waits waits that long.
OPTIONS = 'timeout=700ms nodelay'

CODES = {
    0: 'SUCCESS', 3: 'SERVICE_ERR', 4: 'SYSTEM_ERR', 5: 'BUF_ERR', 6: 'PERM_DENIED', 7: 'AUTH_ERR',
    9: 'AUTHINFO_UNAVAIL', 10: 'USER_UNKNOWN', 11: 'MAXTRIES', 12: 'NEW_AUTHTOK_REQD', 13: 'ACCT_EXPIRED',
    14: 'SESSION_ERR', 20: 'AUTHTOK_ERR', 25: 'IGNORE',
}
IGNORED = 16  # libpam gives nobody PAM_IGNORE: PAM_CRED_EXPIRED stands for it

STEPS = ['authenticate', 'acct_mgmt', 'setcred', 'open_session', 'close_session', 'chauthtok: check', 'chauthtok: set']


class Place:
    """The path of the socket, where something else may listen for a while."""

    def __init__(self, daemon):
        self.path = daemon.socket
        self.aside = daemon.socket.with_suffix('.aside')

    @contextlib.contextmanager
    def moved_away(self):
        os.rename(self.path, self.aside)
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            os.rename(self.aside, self.path)


class Hanging:
    """Of root's, so the module trusts it: reads what comes, says a part of an answer, and no more."""

    def __init__(self, path, answer, closes):
        self.answer = answer
        self.closes = closes
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                connection.recv(65536)
                connection.sendall(self.answer)
                if self.closes:
                    connection.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.connections:
            connection.close()


@contextlib.contextmanager
def nothing(daemon):
    yield


@contextlib.contextmanager
def no_socket(daemon):
    with Place(daemon).moved_away():
        yield


@contextlib.contextmanager
def killed(daemon):
    daemon.kill()
    assert daemon.socket.exists()
    yield
    daemon.start()


@contextlib.contextmanager
def stopped(daemon):
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def hanging(daemon, answer=b'', closes=False):
    with Place(daemon).moved_away():
        server = Hanging(daemon.socket, answer, closes)
        yield
        server.stop()


HALF = (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n'
        b'{"username":"ada","uid":70000,')


def hanging_midway(daemon):
    return hanging(daemon, HALF)


def dying_midway(daemon):
    return hanging(daemon, HALF, True)


@contextlib.contextmanager
def replaced(daemon):
    """By a program of uid 65534, which gets not one byte."""
    with Place(daemon).moved_away():
        os.chmod(daemon.folder, 0o777)
        server = impostor.Impostor(str(daemon.socket))
        os.chmod(daemon.folder, 0o755)
        yield
        _, received = server.stop()
        assert received == b''


@contextlib.contextmanager
def disk_full(daemon):
    disk = daemon.folder / 'disk'
    with contextlib.closing(sqlite3.connect(disk / 'tokend.db')) as database:
        database.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()
    with open(disk / 'filler', 'wb', buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
    yield
    (disk / 'filler').unlink()


@contextlib.contextmanager
def disk_broken(daemon):
    (daemon.folder / 'broken').touch()
    yield
    (daemon.folder / 'broken').unlink()


# As the table calls it; what brings it about; whether somebody has to wait for the deadline.
CONDITIONS = [
    ('all is well', nothing),
    ('not running, no socket', no_socket),
    ('killed, connections refused', killed),
    ('stopped before it accepts', stopped),
    ('hangs when it has accepted', hanging),
    ('hangs in the middle of a reply', hanging_midway),
    ('dies in the middle of a reply', dying_midway),
    ("another user's program on the socket", replaced),
    ('disk full', disk_full),
    ('disk broken', disk_broken),
]


def write_service(name, lines):
    path = pathlib.Path('/etc/pam.d') / name
    path.write_text(lines)
    return path


def module_only(module):
    """The module's own code becomes the stack's."""
    debug = ' '.join(f'{name}=cred_expired' for name in ('auth', 'cred', 'acct', 'prechauthtok', 'chauthtok',
                                                         'open_session', 'close_session'))
    return ''.join(f'{kind} [success=ok ignore=1 default=die] {module}\n'
                   f'{kind} [success=done default=die] pam_permit.so\n'
                   f'{kind} requisite pam_debug.so {debug}\n'
                   for kind in ('auth', 'account', 'session', 'password'))


@pytest.fixture
def daemon(folder, make_tokend):
    stack.needs_machine()
    disk = pathlib.Path(folder) / 'tokend/disk'
    disk.mkdir(parents=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=32m,mode=0700', 'tmpfs', disk], check=True)
    daemon = make_tokend({'Daemon': {'Store': f'sqlite:{disk}/tokend.db'}, 'Password': {'Throttle': 'no'}},
                         env=system.preload(system.SLOW_FDATASYNC,
                                            SLOW_FDATASYNC_FAIL_FILE=os.path.join(folder, 'tokend/broken')))
    daemon.start()
    daemon.add_user('ada', PASSWORD)
    module = f'{system.MODULE} socket={daemon.socket} {OPTIONS}'
    snippet = (system.ROOT / 'pam/snippets/sshd').read_text()
    merged = pamsnippet.merge(pathlib.Path('/etc/pam.d/sshd').read_text(), snippet)
    services = [write_service(MODULE_ONLY, module_only(module)),
                write_service(WITH_SNIPPET, merged.replace('pam_tokend.so', module))]
    with ssh.local_user('lena', PASSWORD):
        yield daemon
    for path in services:
        path.unlink()
    # it is still open
    subprocess.run(['umount', '--lazy', disk], check=True)



def log_in_until(daemon, step, condition):
    """The code of that step, when the condition holds from there on; the steps before it went well."""
    driver = ssh.Driver(MODULE_ONLY, 'ada', '?')
    operation = step.split(':')[0]
    stage = contextlib.ExitStack()

    def answer(prompt):
        # the second phase begins with this prompt, whoever asks
        if step == 'chauthtok: set' and 'New password' in prompt:
            stage.enter_context(condition(daemon))
        return PASSWORD

    with contextlib.closing(driver), stage:
        if operation != 'chauthtok':
            for before in STEPS[:STEPS.index(step)]:
                assert driver.step(before, answer) == 0, f'{before}, before {step}'
        if step != 'chauthtok: set':
            stage.enter_context(condition(daemon))
        code = driver.step(operation, answer)
    return 'IGNORE' if code == IGNORED else CODES[code]


def local_user_logs_in(daemon, condition):
    """And changes the password, to what it was."""
    driver = ssh.Driver(WITH_SNIPPET, 'lena', PASSWORD)
    with contextlib.closing(driver), condition(daemon):
        codes = [driver.step(step) for step in (*STEPS[:5], 'chauthtok')]
    return 'yes' if not any(codes) else f'no: {codes}'


def measure(daemon):
    rows = []
    for name, condition in CONDITIONS:
        cells = []
        for step in STEPS:
            cells.append(log_in_until(daemon, step, condition))
            system.wait_for(lambda: daemon.grant('ada', timeout=5).json().get('access_token'), 'a token again')
        rows.append([name, *cells, local_user_logs_in(daemon, condition)])
    return rows


def as_markdown(rows):
    head = ['tokend', *(f'`{step}`' for step in STEPS), 'a local user logs in, and changes the password']
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    return '\n'.join(lines + ['| ' + ' | '.join(row) + ' |' for row in rows])


def documented():
    found = re.search(r'<!-- outcomes: begin -->\n(.*?)\n?<!-- outcomes: end -->', DOCUMENT.read_text(), re.S)
    assert found, f'{DOCUMENT} has no place for the table'
    return found[1].strip()


def test_outcomes(daemon, capsys):
    begin = time.monotonic()
    rows = measure(daemon)
    table = as_markdown(rows)
    if os.environ.get('TOKEND_OUTCOMES') == 'print':
        with capsys.disabled():
            print(f'\n{table}\n{time.monotonic() - begin:.0f} s')
    for row in rows:
        assert row[-1] == 'yes', row
    assert table == documented()
