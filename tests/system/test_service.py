"""tokend as a service: options, configuration, readiness, reloads, sockets, and how it ends."""

import json
import os
import pathlib
import re
import select
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

import tokend as system

pytestmark = pytest.mark.sanitize


def run(*arguments, **options):
    return subprocess.run([system.TOKEND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=system.PATIENCE, **options)


def refuses_to_start(daemon):
    """What it says when it ends with 1 before it is ready."""
    daemon.start(wait=False)
    process = daemon.process
    process.popen.wait(system.PATIENCE)
    daemon.process = None
    assert process.popen.returncode == 1, process.output()
    process.file.close()
    daemon.notify.close()
    return process.output()


def connects(address):
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    with socket.socket(family) as s:
        try:
            s.connect(('127.0.0.1', address) if isinstance(address, int) else str(address))
            return True
        except ConnectionRefusedError:
            return False


def line_of(path, text):
    return pathlib.Path(path).read_text().split('\n').index(text) + 1


# ---- the command line

def test_help():
    for option in ('--help', '-h'):
        done = run(option)
        assert done.returncode == 0 and done.stderr == ''
        for word in ('--config=FILE', '--check', '--version', '/etc/tokend/tokend.conf'):
            assert word in done.stdout


def test_version():
    done = run('--version')
    assert done.returncode == 0
    assert re.fullmatch(r'tokend \d+\.\d+\.\d+\n', done.stdout)


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['--config'], ['--check=yes'], ['file'], ['-x']])
def test_misuse(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == '' and 'tokend --help' in done.stderr


# ---- the configuration

BAD = {
    'Frobnicate=yes': 'unknown key Frobnicate= in [Token]',
    'AccessLifetime=soon': 'AccessLifetime=soon: must be a time',
    'AccessLifetime=-1d': 'AccessLifetime=-1d: must be a time',
    'Socket=/run/x': 'Socket= belongs in [Daemon], not in [Token]',
    'AccessLifetime': 'expected Key=value or [Section]',
    '[Tokens]': 'unknown section [Tokens]',
    'AccessLifetime=1d ; a day': 'a comment needs a line of its own',
    'x' * 300 + '=1': 'the line is too long',
}


@pytest.mark.parametrize('line', BAD, ids=[line[:20] for line in BAD])
def test_a_bad_configuration_names_its_line(make_tokend, line):
    daemon = make_tokend()
    daemon.write_config()
    with open(daemon.config_file, 'a') as file:
        file.write(f'# a comment\n[Token]\n{line}\n')
    place = f'{daemon.config_file}:{line_of(daemon.config_file, line)}: {BAD[line]}'
    done = run('--check', f'--config={daemon.config_file}')
    assert done.returncode == 1 and place in done.stderr, done
    done = run(f'--config={daemon.config_file}')
    assert done.returncode == 1 and place in done.stderr, done
    assert not daemon.socket.exists() and not daemon.database.exists()


def test_check(make_tokend):
    daemon = make_tokend({'Token': {'AccessLifetime': '1h 30min'}})
    daemon.write_config()
    done = run('--check', f'--config={daemon.config_file}')
    assert (done.returncode, done.stdout, done.stderr) == (0, f'{daemon.config_file}: good\n', '')
    assert not daemon.socket.exists() and not daemon.database.exists()
    missing = run('--check', f'--config={daemon.folder}/missing.conf')
    assert missing.returncode == 1 and f'{daemon.folder}/missing.conf: ' in missing.stderr


def test_drop_ins(make_tokend):
    daemon = make_tokend({'Token': {'AccessLifetime': '1h'}})
    folder = daemon.folder / 'tokend.conf.d'
    folder.mkdir(mode=0o755)
    for name, value in (('20-later.conf', '3h'), ('10-sooner.conf', '2h')):
        (folder / name).write_text(f'[Token]\nAccessLifetime={value}\n')
        (folder / name).chmod(0o644)
    (folder / 'ignored.txt').write_text('nonsense')
    daemon.start()
    daemon.stop()
    (folder / '30-bad.conf').write_text('[Token]\n\nAccessLifetime=x\n')
    (folder / '30-bad.conf').chmod(0o644)
    assert f'{folder}/30-bad.conf:3: ' in refuses_to_start(daemon)


@pytest.mark.root
def test_drop_ins_win(make_tokend):
    daemon = make_tokend({'Token': {'AccessLifetime': '1h'}})
    folder = daemon.folder / 'tokend.conf.d'
    folder.mkdir(mode=0o755)
    (folder / '20-later.conf').write_text('[Token]\nAccessLifetime=3h\n')
    (folder / '10-sooner.conf').write_text('[Token]\nAccessLifetime=2h\n')
    daemon.start()
    daemon.add_user('ada')
    assert daemon.grant('ada').json()['expires_in'] == 3 * 3600


@pytest.mark.parametrize('mode', [0o666, 0o660, 0o602])
def test_a_configuration_that_others_can_write(make_tokend, mode):
    daemon = make_tokend()
    daemon.write_config()
    daemon.config_file.chmod(mode)
    done = run(f'--config={daemon.config_file}')
    assert done.returncode == 1
    assert f'{daemon.config_file}: may be written to by others' in done.stderr


def test_a_configuration_that_is_no_file(make_tokend):
    daemon = make_tokend()
    daemon.write_config()
    link = daemon.folder / 'link.conf'
    link.symlink_to(daemon.config_file)
    assert f'{link}: is a symbolic link' in run(f'--config={link}').stderr
    fifo = daemon.folder / 'fifo.conf'
    os.mkfifo(fifo, 0o600)
    assert f'{fifo}: is no regular file' in run(f'--config={fifo}').stderr


def test_other_addresses_need_tls(make_tokend):
    for address in ('0.0.0.0:0', '[::]:0', '192.0.2.1:7450'):
        daemon = make_tokend({'Http': {'Listen': address}}, name=f'tokend-{len(address)}')
        text = refuses_to_start(daemon)
        place = f'{daemon.config_file}:{line_of(daemon.config_file, f"Listen={address}")}: '
        assert place in text and 'needs TLS' in text


# ---- readiness

def test_what_the_service_manager_hears(make_tokend):
    daemon = make_tokend().start()
    assert connects(daemon.socket) and connects(daemon.port), 'ready means ready'
    daemon.process.send_signal(signal.SIGHUP)
    lines = daemon.wait_notification('RELOADING=1')
    assert any(line.startswith('MONOTONIC_USEC=') for line in lines)
    daemon.wait_notification('READY=1')
    process = daemon.process
    process.send_signal(signal.SIGTERM)
    daemon.wait_notification('STOPPING=1')
    process.popen.wait(system.PATIENCE)
    assert process.popen.returncode == 0


def test_watchdog(make_tokend):
    daemon = make_tokend(env={'WATCHDOG_USEC': '400000'}).start()
    for _ in range(3):
        daemon.wait_notification('WATCHDOG=1')


def test_a_second_daemon_refuses(make_tokend):
    first = make_tokend().start()
    second = make_tokend({'Daemon': {'Socket': first.socket}}, name='second')
    assert re.search('already running|in use', refuses_to_start(second))
    store = make_tokend({'Daemon': {'Store': f'sqlite:{first.database}'}}, name='third')
    assert str(first.database) in refuses_to_start(store)
    assert first.request('GET', '/healthz').status == 200


def test_a_dead_socket_is_replaced(make_tokend):
    daemon = make_tokend().start()
    daemon.kill()
    assert daemon.socket.exists() and not connects(daemon.socket)
    daemon.start()
    assert daemon.request('GET', '/healthz').status == 200
    assert daemon.stop() == 0
    assert not daemon.socket.exists()


def test_what_is_no_socket_is_left_alone(make_tokend):
    daemon = make_tokend()
    daemon.socket.write_text('precious')
    assert str(daemon.socket) in refuses_to_start(daemon)
    assert daemon.socket.read_text() == 'precious'


def test_modes(make_tokend):
    """Threat 44: whatever the umask says."""
    for umask in (0, 0o777):
        daemon = make_tokend(name=f'umask-{umask}')
        daemon.start(preexec_fn=lambda umask=umask: os.umask(umask))
        daemon.request('GET', '/healthz')
        assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o666
        files = [path for path in daemon.folder.iterdir() if path.name.startswith('tokend.db')]
        assert len(files) > 1
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in files} == {
            path.name: 0o600 for path in files}


# ---- reloads

def reload(daemon):
    daemon.write_config()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_notification('RELOADING=1')
    daemon.wait_notification('READY=1')


def test_reload_moves_the_listener(make_tokend):
    daemon = make_tokend().start()
    old, new = daemon.port, system.free_port()
    daemon.config['Http']['Listen'] = f'127.0.0.1:{new}'
    reload(daemon)
    assert f'reloaded {daemon.config_file}' in daemon.output()
    assert daemon.port == new
    assert daemon.request('GET', '/healthz', tcp=True).status == 200
    system.wait_for(lambda: not connects(old), 'the old listener closes')
    daemon.config['Http']['Listen'] = ''
    reload(daemon)
    system.wait_for(lambda: not connects(new), 'the listener closes')
    assert daemon.request('GET', '/healthz').status == 200


def test_reload_keeps_the_old_listener(make_tokend):
    """Every reload of an unchanged Listen= leaves it open: no caller meets a closed door."""
    daemon = make_tokend({'Http': {'Listen': f'127.0.0.1:{system.free_port()}'}}).start()
    refused = []
    over = threading.Event()

    def ask():
        while not over.is_set():
            refused.append(not connects(daemon.port))

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(5):
        reload(daemon)
    over.set()
    thread.join()
    assert len(refused) > 5 and not any(refused)


def test_a_bad_reload_changes_nothing(make_tokend):
    daemon = make_tokend().start()
    port = daemon.port
    daemon.config['Http']['Listen'] = f'127.0.0.1:{system.free_port()}'
    daemon.config['Token'] = {'AccessLifetime': 'soon'}
    reload(daemon)
    line = line_of(daemon.config_file, 'AccessLifetime=soon')
    assert f'{daemon.config_file}:{line}: AccessLifetime=soon' in daemon.output()
    assert 'the configuration stays as it was' in daemon.output()
    assert daemon.port == port
    assert daemon.request('GET', '/healthz', tcp=True).status == 200
    daemon.config['Token'] = {'AccessLifetime': '1h'}
    reload(daemon)
    assert daemon.port != port


def test_a_reload_that_cannot_listen_changes_nothing(make_tokend):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        daemon = make_tokend().start()
        port = daemon.port
        daemon.config['Http']['Listen'] = f'127.0.0.1:{taken.getsockname()[1]}'
        reload(daemon)
        assert 'the configuration stays as it was' in daemon.output()
        assert connects(port) and daemon.request('GET', '/healthz', tcp=True).status == 200


@pytest.mark.parametrize('key', ['Socket', 'Store', 'Userdb', 'UserdbSnapshot'])
def test_what_a_reload_cannot_change(make_tokend, key):
    daemon = make_tokend().start()
    before = daemon.config['Daemon'][key]
    other = f'{daemon.folder}/other'
    daemon.config['Daemon'][key] = f'sqlite:{other}' if key == 'Store' else other
    daemon.config['Http']['Listen'] = ''
    reload(daemon)
    assert f"{key}= can't be changed while tokend runs" in daemon.output()
    assert daemon.request('GET', '/healthz', tcp=True).status == 200, 'nothing of it was taken'
    assert not pathlib.Path(other).exists()
    daemon.config['Daemon'][key] = before


# ---- the end

@pytest.mark.root
def test_the_last_requests_are_answered(make_tokend):
    daemon = make_tokend({'Password': {'Hash': 'bcrypt', 'Rounds': '13', 'Workers': '1'}}).start()
    daemon.add_user('ada')
    form = {'grant_type': 'password', 'username': 'ada', 'password': 'correct horse'}
    before = cpu_ticks(daemon.process.pid)
    callers = []
    for _ in range(2):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(system.PATIENCE)
        s.connect(str(daemon.socket))
        s.sendall(system.post('/oauth/token', form))
        callers.append(s)
    system.wait_for(lambda: cpu_ticks(daemon.process.pid) > before + 5, 'the hash is under way')
    process = daemon.process
    process.send_signal(signal.SIGTERM)
    daemon.wait_notification('STOPPING=1')
    assert not select.select(callers, [], [], 0)[0], 'answered before the end began'
    for s in callers:
        with s:
            assert s.recv(4096).startswith(b'HTTP/1.1 200')
    process.popen.wait(system.PATIENCE)
    assert process.popen.returncode == 0, process.output()
    daemon.start()
    assert len(daemon.ctl_json('token', 'list')['tokens']) == 4, 'two pairs were committed'


def cpu_ticks(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_draining_lets_nobody_new_in(make_tokend):
    """An idle connection does not keep it from ending."""
    daemon = make_tokend({'Http': {'RequestTimeout': '1h'}}).start()
    with socket.create_connection(('127.0.0.1', daemon.port)) as idle, socket.socket(socket.AF_UNIX) as local:
        local.connect(str(daemon.socket))
        local.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
        assert local.recv(4096).startswith(b'HTTP/1.1 200')
        assert daemon.stop() == 0
        assert idle.recv(1) == b''
    assert not daemon.socket.exists()


def test_sigint_ends_it_too(make_tokend):
    daemon = make_tokend().start()
    assert daemon.stop(signal.SIGINT) == 0


# ---- inherited sockets

PARENT = '''
import os, sys
names = sys.argv[1].split(':')
for number, fd in enumerate(map(int, sys.argv[2].split(':'))):
    os.dup2(fd, 50 + number)
for number in range(len(names)):
    os.dup2(50 + number, 3 + number)
os.closerange(3 + len(names), 100)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=':'.join(names))
os.execv(sys.argv[3], sys.argv[3:])
'''


@pytest.fixture
def inherited(folder):
    """A listening Unix socket and a TCP one, as systemd would make them."""
    path = pathlib.Path(folder, 'inherited.sock')
    with socket.socket(socket.AF_UNIX) as local, socket.create_server(('127.0.0.1', 0)) as tcp:
        local.bind(str(path))
        path.chmod(0o666)
        local.listen()
        yield path, local, tcp


def start_with(daemon, names, sockets):
    fds = [s.fileno() for s in sockets]
    return daemon.start(prefix=[sys.executable, '-c', PARENT, ':'.join(names), ':'.join(map(str, fds))], pass_fds=fds)


def test_inherited_sockets(make_tokend, inherited):
    path, local, tcp = inherited
    daemon = make_tokend()
    start_with(daemon, ['http', 'http'], [local, tcp])
    port = tcp.getsockname()[1]
    for address in (path, port):
        host = 'localhost' if address == path else f'127.0.0.1:{port}'
        answer = system.exchange(address, f'GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n'.encode())
        assert answer.startswith(b'HTTP/1.1 200'), answer
    assert not daemon.socket.exists() and 'listening on 127.0.0.1' not in daemon.output().replace(
        f'127.0.0.1:{port}', '')
    inode = path.stat().st_ino
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_notification('RELOADING=1')
    daemon.wait_notification('READY=1')
    assert connects(path) and connects(port)
    assert daemon.stop() == 0
    assert path.stat().st_ino == inode, "systemd's socket is not ours to unlink"


@pytest.mark.root
def test_an_inherited_socket_knows_its_callers(make_tokend, inherited):
    path, local, _ = inherited
    daemon = make_tokend()
    start_with(daemon, ['http'], [local])
    daemon.socket = path
    ada = daemon.add_user('ada')
    assert daemon.request('GET', '/v1/users').status == 200
    assert daemon.request('GET', '/v1/users', uid=ada['uid']).status == 403
    assert daemon.request('POST', '/v1/self/token', form={}, uid=ada['uid']).status == 200


def test_unknown_inherited_sockets_are_said(make_tokend, inherited):
    _, local, _ = inherited
    daemon = make_tokend()
    start_with(daemon, ['shoe'], [local])
    assert '"shoe"' in daemon.output()
    assert daemon.request('GET', '/healthz').status == 200


# ---- TLS

@pytest.fixture
def tls(folder):
    certificate, key = f'{folder}/tls.crt', f'{folder}/tls.key'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '2',
                    '-keyout', key, '-out', certificate], check=True, capture_output=True)
    return certificate, key


def curl(*arguments):
    return subprocess.run(['curl', '--silent', '--show-error', '--noproxy', '*', *arguments], capture_output=True,
                          text=True, timeout=system.PATIENCE)


def test_tls(make_tokend, tls):
    certificate, key = tls
    daemon = make_tokend({'Http': {'CertificateFile': certificate, 'KeyFile': key}}).start()
    url = f'https://127.0.0.1:{daemon.port}/healthz'
    done = curl('--cacert', certificate, url)
    assert done.returncode == 0 and '"status":"ok"' in done.stdout, done
    assert curl(url).returncode == 60, 'nobody else vouches for it'
    assert curl(f'http://127.0.0.1:{daemon.port}/healthz').returncode != 0, 'no plain HTTP there'
    assert curl('--cacert', certificate, '--tls-max', '1.1', url).returncode != 0


@pytest.mark.root
def test_tokenctl_over_tls(make_tokend, tls, folder):
    """As on a machine that trusts the certificate; one that does not sends nothing."""
    certificate, key = tls
    daemon = make_tokend({'Http': {'CertificateFile': certificate, 'KeyFile': key}}).start()
    daemon.add_user('ada')
    token = daemon.ctl_json('token', 'issue', '--user=ada')['access_token']
    token_file = pathlib.Path(folder, 'token')
    token_file.write_text(token)
    command = [system.TOKENCTL, f'--url=https://127.0.0.1:{daemon.port}', f'--token-file={token_file}', '--json',
               'token', 'list']
    done = subprocess.run(command, capture_output=True, text=True, timeout=system.PATIENCE)
    assert done.returncode == 1 and 'peer-untrusted' in done.stderr and done.stdout == ''
    trusted = pathlib.Path('/usr/local/share/ca-certificates/tokend-test.crt')
    trusted.parent.mkdir(parents=True, exist_ok=True)
    trusted.write_text(pathlib.Path(certificate).read_text())
    try:
        subprocess.run(['update-ca-certificates'], check=True, capture_output=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=system.PATIENCE)
    finally:
        trusted.unlink()
        subprocess.run(['update-ca-certificates', '--fresh'], check=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert '"user":"ada"' in done.stdout


def test_tls_needs_both_files_and_good_ones(make_tokend, tls, folder):
    certificate, key = tls
    daemon = make_tokend({'Http': {'CertificateFile': certificate}})
    assert 'CertificateFile= needs KeyFile=' in refuses_to_start(daemon)
    empty = pathlib.Path(folder, 'empty')
    empty.touch()
    daemon.config['Http'].update(CertificateFile=empty, KeyFile=key)
    assert str(empty) in refuses_to_start(daemon)
    daemon.config['Http'].update(CertificateFile=f'{folder}/missing')
    assert f'{folder}/missing' in refuses_to_start(daemon)


# ---- housekeeping

@pytest.mark.root
def test_expired_tokens_leave_the_store(make_tokend):
    daemon = make_tokend().start()
    daemon.add_user('ada')
    kept = daemon.ctl_json('token', 'issue', '--user=ada')['id']
    body = b'{"user":"ada","ttl":1}'
    request = (b'POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
               b'Content-Length: %d\r\nConnection: close\r\n\r\n%b' % (len(body), body))
    for _ in range(6):
        answers = system.together(daemon.socket, [request] * 100)
        assert all(answer.startswith(b'HTTP/1.1 201') for answer in answers)

    def rows():
        with sqlite3.connect(f'file:{daemon.database}?mode=ro', uri=True) as db:
            return db.execute('SELECT count(*) FROM tokens').fetchone()[0]

    sentinel = json.loads(answers[-1].split(b'\r\n\r\n', 1)[1])['access_token']
    system.wait_for(lambda: not daemon.is_active(sentinel), 'the last of them expires')
    daemon.kill()
    assert rows() > 500, 'more than one batch'
    daemon.start()
    system.wait_for(lambda: rows() == 1, 'expired tokens are removed')
    assert [token['id'] for token in daemon.ctl_json('token', 'list')['tokens']] == [kept]
    assert daemon.ctl_json('status')['tokens'] == 1
