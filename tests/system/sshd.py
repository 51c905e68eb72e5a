"""A PAM service with the shipped lines, and an sshd that uses it."""

import contextlib
import os
import pathlib
import subprocess
import sys

import pamsnippet
import stack
import tokend as system

ROOT = pathlib.Path(__file__).resolve().parents[2]


class PamService:
    """/etc/pam.d/sshd's copy with the snippet put in, asking the daemon on one socket."""

    name = 'sshd-tokend-test'

    def __init__(self, socket, options='timeout=2'):
        snippet = (ROOT / 'pam/snippets/sshd').read_text()
        merged = pamsnippet.merge(pathlib.Path('/etc/pam.d/sshd').read_text(), snippet)
        self.path = pathlib.Path('/etc/pam.d') / self.name
        self.path.write_text(merged.replace('pam_tokend.so', f'{system.MODULE} socket={socket} {options}'))

    def remove(self):
        self.path.unlink()

    def pamtester(self, user, password, *operations):
        return subprocess.run(['pamtester', '-v', self.name, user, *operations], input=password + '\n',
                              capture_output=True, text=True, timeout=system.PATIENCE)

    def driver(self, user, password):
        return Driver(self.name, user, password)


class Driver:
    """One PAM handle, called step by step: see pamdriver.py."""

    def __init__(self, service, user, password):
        path = pathlib.Path(__file__).with_name('pamdriver.py')
        self.process = subprocess.Popen([sys.executable, '-B', path, service, user, password], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def step(self, operation, answer=None):
        """The function's return code. With "?" for a password, answer(prompt) gives what is typed."""
        self._write(operation)
        while (line := self.process.stdout.readline()).startswith('?'):
            self._write(answer(line[2:].strip()))
        return int(line)

    def _write(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def expect_ok(self, operation):
        code = self.step(operation)
        assert code == 0, f'{operation}: {code}'

    def close(self):
        self.process.communicate(timeout=system.PATIENCE)


class Sshd:
    def __init__(self, folder, service, *settings):
        """settings: Keyword=value of sshd_config(5); the first of a keyword counts."""
        self.folder = pathlib.Path(folder)
        self.port = system.free_port()
        pathlib.Path('/run/sshd').mkdir(exist_ok=True)
        key = self.folder / 'host_key'
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key], check=True)
        # written once: a login that runs it beside another's rewriting gets ETXTBSY or an empty file
        self.askpass = self.folder / 'askpass'
        self.askpass.write_text('#!/bin/sh\nprintf "%s\\n" "$TEST_PASSWORD"\n')
        self.askpass.chmod(0o755)
        # PAM's service name is the name under which sshd was started
        program = self.folder / service.name
        program.symlink_to('/usr/sbin/sshd')
        self.process = system.Process(
            [program, '-D', '-e', '-f', '/dev/null', *(f'-o{setting}' for setting in settings), '-o', f'Port={self.port}',
             '-o', 'ListenAddress=127.0.0.1', '-o', f'HostKey={key}', '-o', 'UsePAM=yes',
             '-o', 'PasswordAuthentication=yes', '-o', 'KbdInteractiveAuthentication=yes',
             '-o', 'PidFile=none', '-o', 'Subsystem=sftp internal-sftp', '-o', 'LogLevel=VERBOSE'],
            self.folder / 'sshd.log')
        system.wait_for(self._answers, 'sshd')

    def _answers(self):
        return 'Server listening' in self.log()

    def log(self):
        return self.process.output()

    def _options(self, method, *more):
        options = (f'Port={self.port}', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR',
                   f'PreferredAuthentications={method}', *more)
        return [f'-o{option}' for option in options]

    def _command(self, user, method, command):
        return ['ssh', *self._options(method, 'NumberOfPasswordPrompts=1'), f'{user}@127.0.0.1', command]

    def _key_command(self, user, key, command):
        return ['ssh', *self._options('publickey', 'IdentitiesOnly=yes', f'IdentityFile={key}', 'BatchMode=yes'),
                f'{user}@127.0.0.1', command]

    def _environment(self, password):
        return dict(os.environ, SSH_ASKPASS=str(self.askpass), SSH_ASKPASS_REQUIRE='force', TEST_PASSWORD=password)

    def login(self, user, password, method, command):
        return subprocess.run(self._command(user, method, command), env=self._environment(password),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def open(self, user, password, method, command):
        return subprocess.Popen(self._command(user, method, command), env=self._environment(password),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def login_by_key(self, user, key, command):
        return subprocess.run(self._key_command(user, key, command), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)

    def open_by_key(self, user, key, command):
        return subprocess.Popen(self._key_command(user, key, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)

    def terminal(self, user, method, *command, options=(), tty=False):
        """ssh that asks on a terminal of its own."""
        return stack.Terminal(['ssh', *(['-tt'] if tty else []), *self._options(method, *options), f'{user}@127.0.0.1',
                               *command])

    def copy(self, program, method, password, arguments, input=''):
        """scp or sftp."""
        return subprocess.run([program, *self._options(method, 'NumberOfPasswordPrompts=1'), *map(str, arguments)],
                              env=self._environment(password), input=input, capture_output=True, text=True, timeout=60)

    def stop(self):
        self.process.stop()


@contextlib.contextmanager
def local_user(name, password):
    """A user of /etc/passwd and /etc/shadow."""
    subprocess.run(['useradd', '--create-home', '--shell', '/bin/sh', name], check=True, capture_output=True)
    subprocess.run(['chpasswd'], input=f'{name}:{password}\n', text=True, check=True)
    try:
        yield
    finally:
        # a session that is ending keeps it for a moment
        system.wait_for(lambda: subprocess.run(['userdel', '--remove', name], capture_output=True).returncode == 0,
                        f'userdel {name}')
