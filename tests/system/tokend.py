"""What the system tests drive: a tokend of their own, its tools, a bus, an sshd.

Everything lives in a folder that the test gave; programs are ended by the id they were started with.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import select
import selectors
import signal
import socket
import subprocess
import time
import urllib.parse

BUILD = pathlib.Path(os.environ.get('TOKEND_BUILD', 'build')).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEND = BUILD / 'daemon/tokend'
TOKENCTL = BUILD / 'client/ctl/tokenctl'
USERDB = BUILD / 'daemon/userdb/tokend-userdb'
MODULE = BUILD / 'pam/pam_tokend.so'
# for preload()
SLOW_FDATASYNC = BUILD / 'tests/slow-fdatasync.so'
TURNED_CLOCK = BUILD / 'tests/turned-clock.so'

# Generous: it ends a wait that would never end, it measures nothing.
PATIENCE = 30


def wait_for(condition, what='it'):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f'{what}: did not happen')


def preload(shim, **variables):
    """A daemon's env. Sanitizers want to be first; the shims need none of them."""
    return dict(LD_PRELOAD=str(shim), ASAN_OPTIONS='verify_asan_link_order=0', **variables)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'<{self.status} {self.body!r}>'


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE):
        super().__init__('localhost', timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Process:
    """A program that was started, its output in a file, ended by its id."""

    def __init__(self, command, log, **options):
        self.log = pathlib.Path(log)
        self.file = open(self.log, 'ab')
        self.popen = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                                      stdout=self.file, stderr=subprocess.STDOUT, **options)

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        return self.log.read_text(errors='backslashreplace')

    def send_signal(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(PATIENCE)
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self.file.close()
        return self.popen.returncode


class Tokend:
    """A daemon with a folder of its own; started by start(), ready when that returns."""

    def __init__(self, folder, config=None, env=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # the module and the library trust folders that only root can write
        self.folder.chmod(0o755)
        self.socket = self.folder / 'tokend.sock'
        self.database = self.folder / 'tokend.db'
        self.config_file = self.folder / 'tokend.conf'
        self.config = {
            'Daemon': {'Socket': self.socket, 'Store': f'sqlite:{self.database}', 'Userdb': '',
                       'UserdbSnapshot': self.folder / 'snapshot'},
            'Http': {'Listen': '127.0.0.1:0'},
            'Password': {'Hash': 'sha256crypt', 'Rounds': '1000'},
        }
        for section, keys in (config or {}).items():
            self.config.setdefault(section, {}).update(keys)
        self.env = {**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={self.folder}/no-bus', **(env or {})}
        self.process = None
        self.notifications = []
        self.runs = 0

    def write_config(self):
        lines = []
        for section, keys in self.config.items():
            lines.append(f'[{section}]')
            lines += [f'{key}={value}' for key, value in keys.items()]
        self.config_file.write_text('\n'.join(lines) + '\n')
        self.config_file.chmod(0o600)

    def start(self, wait=True, arguments=(), prefix=(), **options):
        self.write_config()
        path = self.folder / 'notify'
        path.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        self.notify.settimeout(PATIENCE)
        self.runs += 1
        self.process = Process([*prefix, TOKEND, f'--config={self.config_file}', *arguments],
                               self.folder / f'tokend.{self.runs}.log',
                               env=dict(self.env, NOTIFY_SOCKET=str(path)), **options)
        if wait:
            self.wait_notification('READY=1')
        return self

    def wait_notification(self, line):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([self.notify], [], [], 0.05)[0]:
                lines = self.notify.recv(4096).decode().split('\n')
                self.notifications.append(lines)
                if line in lines:
                    return lines
            elif self.process.popen.poll() is not None:
                break
        raise AssertionError(f'no {line}: {self.process.output()}')

    def output(self):
        return self.process.output()

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return None
        status = self.process.stop(number)
        self.process = None
        self.notify.close()
        return status

    def kill(self):
        return self.stop(signal.SIGKILL)

    @property
    def port(self):
        return int(re.findall(r'listening on 127\.0\.0\.1:(\d+)', self.output())[-1])

    def ctl(self, *arguments, input=None, check=True, uid=None, env=None, timeout=PATIENCE):
        """Runs tokenctl; with uid, as somebody else."""
        command = [str(TOKENCTL), f'--socket={self.socket}', *map(str, arguments)]
        if uid is not None:
            command = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', *command]
        done = subprocess.run(command, input=input, stdin=None if input is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, env=env)
        if check:
            assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
        return done

    def ctl_json(self, *arguments, **options):
        return json.loads(self.ctl('--json', *arguments, **options).stdout)

    def add_user(self, name, password='correct horse', **options):
        flags = [f'--{key.replace("_", "-")}={value}' for key, value in options.items()]
        return self.ctl_json('user', 'add', name, *flags, '--password-file=-', input=password)

    def request(self, method, path, form=None, body=None, headers=None, tcp=False, uid=None, timeout=PATIENCE):
        headers = dict(headers or {})
        data = None
        if form is not None:
            data = urllib.parse.urlencode(form)
            headers.setdefault('Content-Type', 'application/x-www-form-urlencoded')
        elif body is not None:
            data = body if isinstance(body, (str, bytes)) else json.dumps(body)
            headers.setdefault('Content-Type', 'application/json')
        if uid is not None:
            return in_child(uid, self._request, method, path, data, headers, tcp, timeout)
        return self._request(method, path, data, headers, tcp, timeout)

    def _request(self, method, path, data, headers, tcp, timeout):
        connection = (http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout) if tcp
                      else UnixConnection(self.socket, timeout))
        with contextlib.closing(connection):
            connection.request(method, path, data, headers)
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read().decode())

    def grant(self, user, password='correct horse', **options):
        form = dict(grant_type='password', username=user, password=password, **options.pop('form', {}))
        return self.request('POST', '/oauth/token', form=form, **options)

    def introspect(self, token, **options):
        return self.request('POST', '/oauth/introspect', form={'token': token}, **options).json()

    def is_active(self, token):
        return self.introspect(token)['active']


def exchange(address, data, timeout=PATIENCE):
    """Sends raw bytes to a path or a port, and reads what comes until the other end closes."""
    family, address = ((socket.AF_INET, ('127.0.0.1', address)) if isinstance(address, int)
                       else (socket.AF_UNIX, str(address)))
    with socket.socket(family) as s:
        s.settimeout(timeout)
        s.connect(address)
        s.sendall(data)
        answer = b''
        with contextlib.suppress(ConnectionResetError):
            while part := s.recv(65536):
                answer += part
    return answer


def together(path, requests):
    """Requests (bytes, each with Connection: close) sent at once, each over a connection of its own;
    the raw answers in the requests' order."""
    selector = selectors.DefaultSelector()
    answers = [b''] * len(requests)
    for number in range(len(requests)):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(path))
        selector.register(s, selectors.EVENT_READ, number)
    for key in list(selector.get_map().values()):
        key.fileobj.sendall(requests[key.data])
    while selector.get_map():
        ready = selector.select(PATIENCE)
        assert ready, 'no answer'
        for key, _ in ready:
            part = key.fileobj.recv(65536)
            answers[key.data] += part
            if not part:
                selector.unregister(key.fileobj)
                key.fileobj.close()
    return answers


def post(path, form):
    """The bytes of a POST that ends its connection."""
    body = urllib.parse.urlencode(form)
    return (f'POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n'
            f'Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}').encode()


def in_child(uid, function, *arguments):
    """function() in a process of another uid; its result comes back as JSON."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            reply = function(*arguments)
            os.write(writer, json.dumps([reply.status, reply.headers, reply.body]).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    assert text, f'the child of uid {uid} failed'
    return Reply(*json.loads(text))


class Syslog:
    """What programs of this machine tell syslog(3); for tests/machine's own /dev only."""

    PATH = pathlib.Path('/run/systemd/journal/dev-log')

    def __init__(self):
        self.PATH.parent.mkdir(parents=True, exist_ok=True)
        self.PATH.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.PATH))
        self.socket.setblocking(False)
        self.text = ''

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.text += self.socket.recv(65536).decode(errors='backslashreplace') + '\n'
        return self.text

    def stop(self):
        self.socket.close()
        self.PATH.unlink()


class Bus:
    """A dbus-daemon of our own with the system bus's shape and the shipped policy."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.address = f'unix:path={self.folder}/bus'
        (self.folder / 'bus.conf').write_text(f'''<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{self.address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>{ROOT}/daemon/bus/org.tokend1.conf</include>
</busconfig>
''')
        self.process = Process(['dbus-daemon', f'--config-file={self.folder}/bus.conf', '--nofork', '--nopidfile'],
                               self.folder / 'bus.log')
        wait_for((self.folder / 'bus').exists, 'the bus')

    def busctl(self, *arguments, check=True, uid=None):
        command = ['busctl', '--no-pager', f'--address={self.address}', *map(str, arguments)]
        if uid is not None:
            command = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        if check:
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def call(self, *arguments, **options):
        """A Manager method; the reply's values from busctl's JSON."""
        done = self.busctl('--json=short', 'call', 'org.tokend1', '/org/tokend1', 'org.tokend1.Manager',
                           *arguments, **options)
        return json.loads(done.stdout)['data'] if done.stdout.strip() else None

    def call_node(self, path):
        """What a path answers to Introspect()."""
        done = self.busctl('--json=short', 'call', 'org.tokend1', path, 'org.freedesktop.DBus.Introspectable',
                           'Introspect')
        return json.loads(done.stdout)['data'][0]

    def stop(self):
        self.process.stop()
