"""What a set-uid program's caller puts into the environment changes nothing (threat 8): what goes
over the socket, which files are looked at and what is left behind are the same as with none.
"""

import os
import re
import shutil
import socket
import subprocess
import threading

import pytest

import tokend as system

pytestmark = pytest.mark.root

CALLER = '/usr/local/bin/tokend-test-caller'
SERVICE = 'tokend-test-environment'
NOBODY = 65534
ID = '0123456789abcdef' * 2
USER = '"username":"ada","uid":70000,"gid":70000,"state":"active"'

# How a request begins, and what is answered: a tokend with nothing random in it.
ANSWERS = {
    'POST /oauth/token': f'{{"access_token":"{"a" * 64}","id":"{ID}","login":"{ID}",{USER}}}',
    'GET /v1/logins/check': f'{{{USER}}}',
    'POST /v1/logins/': f'{{"access_token":"{"b" * 64}","id":"{ID}","login":"{ID}",{USER}}}',
    'POST /v1/logins': f'{{"login":"{ID}",{USER}}}',
    'DELETE /v1/logins/': '{"revoked":1}',
}


class Recorder:
    """Listens as root where the module trusts it, answers by ANSWERS and keeps every byte."""

    def __init__(self, path):
        self.path = path
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(self.answer(connection))

    def answer(self, connection):
        connection.settimeout(system.PATIENCE)
        data = b''
        while b'\r\n\r\n' not in data:
            data += connection.recv(65536)
        length = re.search(rb'Content-Length: (\d+)', data)
        size = data.index(b'\r\n\r\n') + 4 + int(length[1] if length else 0)
        while len(data) < size:
            data += connection.recv(65536)
        status, body = 200, next(body for start, body in ANSWERS.items() if data.decode().startswith(start))
        if data.startswith(b'POST /oauth/token') and b'password=right' not in data:
            status, body = 401, '{"error":"invalid_grant","reason":"wrong-password"}'
        connection.sendall(f'HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n'
                           f'Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}'.encode())
        return data

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


class Trap:
    """A folder of the caller's, a socket and a port that nobody may look at."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, 'trap')
        os.mkdir(self.folder)
        self.listeners = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET)]
        self.socket = os.path.join(self.folder, 'tokend.sock')
        self.listeners[0].bind(self.socket)
        self.listeners[1].bind(('127.0.0.1', 0))
        for listener in self.listeners:
            listener.listen(16)
            listener.setblocking(False)
        self.files = ['openssl.cnf', 'gconv-modules', 'passwd', '.pam_environment', '.tokend.conf', 'TZ']
        for name in self.files:
            with open(os.path.join(self.folder, name), 'w') as file:
                file.write('module UTF-8// INTERNAL trap 1\n')
        subprocess.run(['chown', '-R', str(NOBODY), self.folder], check=True)

    def environment(self):
        proxy = f'http://127.0.0.1:{self.listeners[1].getsockname()[1]}/'
        inside = {'HOME': '', 'XDG_RUNTIME_DIR': '', 'XDG_CONFIG_HOME': '', 'TMPDIR': '', 'LOCPATH': '',
                  'GCONV_PATH': '', 'NLSPATH': '/%N', 'LD_LIBRARY_PATH': '', 'LD_PRELOAD': '/evil.so', 'LD_AUDIT': '/evil.so',
                  'LD_DEBUG_OUTPUT': '/ld', 'LD_PROFILE_OUTPUT': '', 'OPENSSL_CONF': '/openssl.cnf',
                  'OPENSSL_MODULES': '', 'SSL_CERT_FILE': '/ca.pem', 'SSL_CERT_DIR': '', 'SSLKEYLOGFILE': '/keys',
                  'GNUTLS_SYSTEM_PRIORITY_FILE': '/gnutls', 'CURL_HOME': '', 'CURL_CA_BUNDLE': '/ca.pem',
                  'TOKEND_SOCKET': '/tokend.sock', 'TOKEND_CONFIG': '/.tokend.conf', 'TZ': '/TZ', 'TZDIR': '',
                  'HOSTALIASES': '/passwd', 'RES_OPTIONS': '', 'NSS_WRAPPER_PASSWD': '/passwd',
                  'PAM_WRAPPER_SERVICE_DIR': '', 'PAM_CONFDIR': '', 'PAM_USER_ENVFILE': '/.pam_environment', 'GCOV_PREFIX': '',
                  'MALLOC_TRACE': '/trace', 'DBUS_SYSTEM_BUS_ADDRESS': '/bus', 'NOTIFY_SOCKET': '/notify', 'CREDENTIALS_DIRECTORY': ''}
        return {
            **{name: self.folder + path for name, path in inside.items()},
            **{name: proxy for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY',
                                        'all_proxy', 'TOKEND_URL')},
            'TOKEND_LOGIN': 'f' * 32, 'TOKEND_TOKEN': 'f' * 64, 'TOKEND_TOKEN_FILE': self.folder + '/passwd',
            'TOKEND_DEBUG': '1', 'LD_BIND_NOW': '1', 'LD_DEBUG': 'all', 'LD_SHOW_AUXV': '1', 'MALLOC_PERTURB_': '165',
            'MALLOC_CHECK_': '3', 'MALLOC_ARENA_MAX': '1',
            'GLIBC_TUNABLES': 'glibc.malloc.check=3:glibc.malloc.perturb=1',
            'PAM_USER': 'root', 'PAM_AUTHTOK': 'other', 'PAM_SERVICE': 'other', 'PAM_TYPE': 'x', 'PAM_RHOST': '::1',
            'LANG': 'tr_TR.UTF-8', 'LC_ALL': 'tr_TR.UTF-8', 'LANGUAGE': 'tr', 'POSIXLY_CORRECT': '1', 'IFS': 'a',
            'PATH': self.folder, 'SHELL': self.folder + '/sh', 'USER': 'root', 'LOGNAME': 'root', 'MAIL': '/x',
            'SUDO_UID': '0', 'SUDO_USER': 'root', 'REMOTE_USER': 'root', 'SSH_CONNECTION': '::1 1 ::1 22', 'EMPTY': '',
            'LONG': 'x' * 100000, 'NEWLINE': 'a\nTOKEND_LOGIN=b',
        }

    def visitors(self):
        n = 0
        for listener in self.listeners:
            try:
                listener.accept()[0].close()
                n += 1
            except BlockingIOError:
                pass
        return n

    def stop(self):
        for listener in self.listeners:
            listener.close()


@pytest.fixture
def recorder(folder):
    recorder = Recorder(os.path.join(folder, 'tokend.sock'))
    shutil.copy(system.BUILD / 'tests/pam-caller', CALLER)
    os.chown(CALLER, 0, 0)
    os.chmod(CALLER, 0o4755)
    path = f'/etc/pam.d/{SERVICE}'
    with open(path, 'w') as file:
        for kind in ('auth', 'account', 'session'):
            file.write(f'{kind} required {system.MODULE} socket={recorder.path} timeout=20\n')
    yield recorder
    os.unlink(path)
    os.unlink(CALLER)
    recorder.stop()


@pytest.fixture
def trap(folder):
    trap = Trap(folder)
    yield trap
    trap.stop()


def looked_at(trace):
    """Every path that a call named, in order, with the outcome. Not what libc and libpam do when they
    log: libc reads the time zone then, and libpam asks the kernel who we are for its audit."""
    with open(trace) as file:
        lines = [re.sub(r'^\d+ +', '', line) for line in file]
    calls = r'(open|stat|newfstat|access|connect|mk|unlink|rename|ch|link|sym)'
    named = [line for line in lines if re.match(calls, line)
             and not re.search('NETLINK|/etc/localtime|AT_EMPTY_PATH', line)]
    return [re.sub(r'0x[0-9a-f]+|/proc/self/fd/\d+|st_[a-z]+=[^,}]*', '', line) for line in named]


def run(recorder, folder, environment, password):
    """What the login printed, what went over the socket, and what was looked at."""
    recorder.requests.clear()
    trace = os.path.join(folder, 'trace')
    variables = [part for name, value in environment.items() for part in ('-E', f'{name}={value}')]
    names = [part for name in os.environ if name not in environment for part in ('-E', name)]
    done = subprocess.run(['strace', '-f', '-u', 'nobody', '-s', '200', '-o', trace, '-e', 'trace=%file,connect',
                           *names, *variables, CALLER, SERVICE, 'ada'], input=password + '\n', capture_output=True,
                          text=True, timeout=system.PATIENCE)
    assert done.returncode == 0, done
    assert f'uid {NOBODY}, effective 0' in done.stdout, 'not set-uid'
    return done.stdout, list(recorder.requests), looked_at(trace)


@pytest.mark.parametrize('password', ['right', 'wrong'])
def test_the_environment_changes_nothing(recorder, trap, folder, password):
    before = sorted(os.listdir(trap.folder))
    plain = run(recorder, folder, {}, password)
    hostile = run(recorder, folder, trap.environment(), password)
    assert 'changed: nothing' in plain[0] and ('authenticate: 0' in plain[0]) == (password == 'right'), plain[0]
    assert hostile[0] == plain[0]
    assert len(plain[1]) > 3 and hostile[1] == plain[1]
    assert trap.visitors() == 0
    assert sorted(os.listdir(trap.folder)) == before
    assert not [line for line in hostile[2] if trap.folder in line]
    assert len(plain[2]) > 20 and hostile[2] == plain[2]
