"""What docs/pam.md says to do when nothing lets anybody in, done to every form in which lines are shown."""

import itertools
import re
import shutil
import subprocess

import pamsnippet
import pytest
import test_authselect as authselect
import test_docs as docs

import stack

pytestmark = pytest.mark.root

SNIPPETS = sorted(path.name for path in stack.SNIPPETS.iterdir())
LINE = re.compile(r'\s*(auth|account|session|password)\s.*\.so')


def shown(text, service='sshd'):
    """Lines of a page, each beside Debian's include of its kind."""
    lines = [line.strip() for line in text.splitlines() if LINE.match(line)]
    assert len(lines) == 5, lines
    snippet = [f'{line}\n@include common-{line.split()[0]}' for line in lines if not line.startswith('session')]
    snippet += ['@include common-session', *(line for line in lines if line.startswith('session'))]
    return pamsnippet.merge((stack.FOLDER / service).read_text(), '\n'.join(snippet))


def forms():
    for name in SNIPPETS:
        yield name, pamsnippet.merge((stack.FOLDER / name).read_text(), (stack.SNIPPETS / name).read_text())
    yield 'README.md', shown(docs.source('README.md'))
    yield 'pam_tokend(8)', shown(docs.text_of('pam_tokend.8'))
    for name, features in itertools.product(('system-auth', 'password-auth'), ((), authselect.FEATURES)):
        yield name, authselect.render((authselect.PROFILE / name).read_text(), set(features))


def rescue(path):
    """The documented command, about that file."""
    command = re.search(r"^ +(sed -i '[^']*') /etc/pam\.d/", docs.source('docs/pam.md'), re.M)[1]
    subprocess.run(f'{command} {path}', shell=True, check=True)


def active(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith('#')]


@pytest.fixture
def folder(tmp_path):
    """Debian's own services, and one to try."""
    return shutil.copytree(stack.FOLDER, tmp_path / 'pam.d')


def test_every_form_that_is_shown(syslog, folder):
    path = folder / 'form'
    for (name, text), module in itertools.product(forms(), ('pam_tokend.so', 'pam_tokd.so')):
        path.write_text(text.replace('pam_tokend.so', module))
        rescue(path)
        left = path.read_text()
        assert active(left) == [line for line in active(text) if 'pam_tokend.so' not in line], name
        assert authselect.complaints(syslog, folder, left) == [], name


def test_a_line_that_is_broken_in_two_is_why(syslog, folder):
    """The check itself, and the warning in the page."""
    path = folder / 'form'
    path.write_text('account [success=ok \\\n    default=bad] pam_tokend.so\n@include common-account\n')
    rescue(path)
    assert authselect.complaints(syslog, folder, path.read_text()) != []


def test_root_gets_on():
    stack.needs_machine()
    with stack.changed(stack.FOLDER / 'tokend-rescue-test', shown(docs.text_of('pam_tokend.8'))) as path:
        rescue(path)
        done = subprocess.run(['pamtester', path.name, 'root', 'acct_mgmt'], capture_output=True, text=True)
        assert done.returncode == 0, done
