"""Debian's own PAM services with the shipped lines, and programs that are driven over a terminal.

/etc/pam.d is changed in place: on tests/machine only, whose /etc is its own.
"""

import contextlib
import os
import pathlib
import re
import subprocess

import pamsnippet
import pexpect
import pytest
import tokend as system

FOLDER = pathlib.Path('/etc/pam.d')
SNIPPETS = system.ROOT / 'pam/snippets'
USERDB_SOCKET = '/run/systemd/userdb/org.tokend'
# More than any test waits: who waits for tokend fails.
NEVER = 'timeout=60'


def needs_machine():
    if not os.path.ismount('/etc'):
        pytest.skip('changes /etc: tests/machine only')


def start(make_tokend, config=None):
    """A tokend whose users the machine sees."""
    config = {**(config or {}), 'Daemon': {'Userdb': USERDB_SOCKET, **(config or {}).get('Daemon', {})}}
    return make_tokend(config).start(arguments=[f'--userdb-program={system.USERDB}'])


def with_module(text, daemon, options=''):
    """The lines with the module that was just built, asking that daemon."""
    return text.replace('pam_tokend.so', f'{system.MODULE} socket={daemon.socket} {options}'.rstrip())


@contextlib.contextmanager
def changed(path, text):
    path = pathlib.Path(path)
    before = path.read_text() if path.exists() else None
    path.write_text(text)
    try:
        yield path
    finally:
        path.unlink()
        if before is not None:
            path.write_text(before)


def merged(name, edit=None):
    """/etc/pam.d/NAME with the shipped snippet of that name put in; edit() changes the snippet first."""
    needs_machine()
    snippet = (SNIPPETS / name).read_text()
    return pamsnippet.merge((FOLDER / name).read_text(), edit(snippet) if edit else snippet)


@contextlib.contextmanager
def shipped(name, daemon, options='timeout=10', edit=None):
    """The service asks that daemon by the shipped lines."""
    with changed(FOLDER / name, with_module(merged(name, edit), daemon, options)) as path:
        yield path


@contextlib.contextmanager
def hung(daemon):
    daemon.process.send_signal(system.signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.process.send_signal(system.signal.SIGCONT)


def pwquality():
    """Debian's pam_pwquality, which is in common-password once it is installed, without a dictionary: that is
    another package."""
    return changed('/etc/security/pwquality.conf', 'dictcheck = 0\n')


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command, uid=None, env=None):
        command = list(map(str, command))
        if uid is not None:
            command = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', *command]
        self.child = pexpect.spawn(command[0], command[1:], encoding='utf-8', codec_errors='backslashreplace',
                                   timeout=system.PATIENCE, echo=False,
                                   env={**os.environ, 'LC_ALL': 'C', **(env or {})})
        self.text = ''

    def expect(self, pattern):
        """The text up to a pattern; fails with all that was said when the program ends before it."""
        try:
            self.child.expect(pattern)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            raise AssertionError(f'no {pattern!r}: {type(error).__name__}\n{self.text}{self.child.before}') from None
        self.text += self.child.before + self.child.after
        return self.child.before

    def answer(self, *answers):
        """Pairs of a prompt and what is typed at it."""
        for prompt, answer in answers:
            self.expect(prompt)
            self.child.sendline(answer)
        return self

    def end(self):
        """Waits for the end: the exit status, and what was said since the last answer."""
        self.child.expect(pexpect.EOF)
        self.text += self.child.before
        self.child.close()
        status = self.child.exitstatus
        return (-self.child.signalstatus if status is None else status), self.child.before.replace('\r\n', '\n').strip()

    def close(self):
        self.child.close(force=True)


PASSWORD_PROMPT = '[Pp]assword: '


def run(command, *answers, **options):
    """(exit status, output after them) of a program that asks exactly these questions."""
    terminal = Terminal(command, **options)
    try:
        return terminal.answer(*answers).end()
    finally:
        terminal.close()


def uid_of(name):
    return int(subprocess.run(['id', '-u', name], capture_output=True, text=True, check=True).stdout)


def logins(daemon):
    return daemon.ctl_json('status')['logins']


def login_of(text):
    return re.search(r'\b[0-9a-f]{32}\b', text)[0]
