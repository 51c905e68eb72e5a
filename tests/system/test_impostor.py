"""Servers that pretend to be tokend get not one byte (design.md, check 3; threat 17)."""

import ctypes
import os
import subprocess

import pytest

import impostor
import sshd as ssh
import tokend as system

pytestmark = pytest.mark.root


@pytest.fixture(params=['in a folder of its own', "in root's folder"])
def fake(request, folder):
    """An impostor of uid 65534. In root's folder the socket is made for it while the folder is open,
    as a mistaken 0777 would; afterwards the folder is as it should be."""
    place = os.path.join(folder, 'place')
    os.mkdir(place, 0o755)
    if request.param == 'in a folder of its own':
        os.chown(place, impostor.NOBODY, impostor.NOBODY)
        server = impostor.Impostor(os.path.join(place, 'tokend.sock'))
    else:
        os.chmod(place, 0o777)
        server = impostor.Impostor(os.path.join(place, 'tokend.sock'))
        os.chmod(place, 0o755)
    server.stopped = None
    yield server
    if server.stopped is None:
        server.stop()


def received(server):
    server.stopped = server.stop()
    return server.stopped[1]


def test_the_impostor_records(fake):
    """The other tests' 0 bytes mean something."""
    done = subprocess.run(['curl', '-s', '--unix-socket', fake.path, 'http://localhost/x'], capture_output=True)
    assert done.returncode == 0
    assert b'GET /x' in received(fake)


@pytest.fixture
def service(fake):
    service = ssh.PamService(fake.path)
    yield service
    service.remove()


@pytest.mark.parametrize('operation', ['authenticate', 'acct_mgmt', 'open_session', 'chauthtok'])
def test_module(fake, service, syslog, operation):
    done = service.pamtester('ada', 'a secret password', operation)
    assert operation == 'open_session' or done.returncode != 0, done
    assert 'peer-untrusted' in syslog.read()
    assert received(fake) == b''


def test_tokenctl(fake):
    done = subprocess.run([system.TOKENCTL, f'--socket={fake.path}', 'login', 'ada', '--password-file=-'],
                          input='a secret password', text=True, capture_output=True)
    assert done.returncode != 0
    assert 'peer-untrusted' in done.stderr
    assert received(fake) == b''


def test_library(fake):
    library = ctypes.CDLL(str(next((system.BUILD / 'client').glob('libtokend.so.?'))))
    library.tokend_error_reason.restype = ctypes.c_char_p
    handle, grant = ctypes.c_void_p(), ctypes.c_void_p()
    assert library.tokend_new(ctypes.byref(handle)) == 0
    assert library.tokend_set_socket(handle, fake.path.encode()) == 0
    assert library.tokend_log_in(handle, b'ada', b'a secret password', None, ctypes.byref(grant)) != 0
    assert library.tokend_error_reason(handle) == b'peer-untrusted'
    library.tokend_free(handle)
    assert received(fake) == b''


def test_a_link_to_the_real_socket_is_not_followed(daemon, folder):
    """Whoever can write the folder could turn the link at any time."""
    place = os.path.join(folder, 'place')
    os.mkdir(place, 0o777)
    os.chmod(place, 0o777)
    os.symlink(daemon.socket, os.path.join(place, 'tokend.sock'))
    done = subprocess.run([system.TOKENCTL, f'--socket={place}/tokend.sock', 'status'], capture_output=True, text=True)
    assert done.returncode != 0
    assert 'peer-untrusted' in done.stderr
