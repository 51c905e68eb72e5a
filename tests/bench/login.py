"""What a login by pam_tokend costs, beside pam_unix with the same hash, and what loading the module does."""

import os
import pathlib
import sqlite3
import statistics
import subprocess
import time

import bench as framework
import tokend as system

TITLE = 'A login by PAM'
ABOUT = ('`pam_start`, `pam_authenticate` and `pam_end` in a fresh process, whose start is not counted, with a right '
         'password and a yescrypt hash at its default cost. The limit is one `crypt_r`; the peer is pam_unix, which '
         'computes two.')

PASSWORD = 'correct horse battery staple'
# as long as the daemon waits here from one login to the next: on a core that just woke up a hash takes longer
REST_MSEC = 4


def host(bench, core, *arguments, rest=0):
    """What it printed, in ms."""
    return int(framework.output_of([*bench.pin(core), bench.build / 'tests/login-host', rest, *arguments])) / 1e6


def sync_msec(path):
    """What one commit has to wait for at least: a page more in a file, on the disk."""
    with open(path, 'ab', buffering=0) as file:
        file.write(bytes(4096))
        begin = time.monotonic()
        os.fdatasync(file.fileno())
        return 1000 * (time.monotonic() - begin)


class Login:
    """A tokend's one user, and the PAM services that ask for it."""

    def __init__(self, bench, server, name):
        self.bench, self.server = bench, server
        server.add_user('bench', PASSWORD)
        with sqlite3.connect(f'file:{server.database}?mode=ro', uri=True) as database:
            self.hash = database.execute("SELECT hash FROM users WHERE name = 'bench'").fetchone()[0]
        self.services = bench.run_folder / name
        self.services.mkdir()
        modules = {'tokend': f'{system.MODULE} socket={server.socket}', 'unix-nullok': 'pam_unix.so nullok',
                   'unix': 'pam_unix.so', 'permit': 'pam_permit.so', 'other': 'pam_permit.so'}
        for service, module in modules.items():
            (self.services / service).write_text(f'auth required {module}\n')
        # until the write-ahead log has its full size: while a file grows, its journal is synced as well
        for _ in range(bench.small(120)):
            server.grant('bench', PASSWORD)

    def ask(self, what, service):
        return host(self.bench, 'load', what, self.services, service, 'bench', PASSWORD)

    def crypt(self, how='crypt', rest=REST_MSEC):
        return host(self.bench, 'server', how, self.hash, PASSWORD, rest=rest)

    def server_msec(self):
        before = self.bench.cpu_usec(self.server.pids)
        self.ask('login', 'tokend')
        time.sleep(0.005)  # the login is written behind its answer
        return (self.bench.cpu_usec(self.server.pids) - before) / 1000


def functions(bench, login, cheap):
    count = bench.small(20, least=2)

    def often(function, *arguments):
        def measure():
            values = []
            for _ in range(count):
                values.append(function(*arguments))
            return {'msec': statistics.median(values)}
        return measure

    return {
        'tokend': often(login.ask, 'login', 'tokend'),
        'unix-nullok': often(login.ask, 'login', 'unix-nullok'),
        'crypt': often(login.crypt),
        'crypt-restless': often(login.crypt, 'crypt', 0),
        'unix': often(login.ask, 'login', 'unix'),
        'server': often(login.server_msec),
        'cheap': often(cheap.ask, 'login', 'tokend'),
        'cheap-crypt': often(cheap.crypt),
        'load-permit': often(login.ask, 'load', 'permit'),
        'load-tokend': often(login.ask, 'load', 'tokend'),
        'populated': often(login.crypt, 'populated'),
        'kept': often(login.crypt, 'kept'),
        'sync': often(sync_msec, bench.folder / 'sync'),
    }


TABLES = [
    (None, [
        ('pam_tokend', 'tokend', 'tokend'),
        ('pam_unix nullok, as Debian ships it', 'unix-nullok', 'peer'),
        ('pam_unix', 'unix', 'peer'),
        (f'one crypt_r, after {REST_MSEC} ms of rest as in the daemon', 'crypt', 'limit'),
        ('one crypt_r, right after the process started', 'crypt-restless', 'limit'),
        ("the daemon's CPU time for a login", 'server', 'tokend')]),
    ('With a cheap hash (sha256crypt, 1,000 rounds)', [
        ('pam_tokend', 'cheap', 'tokend'),
        ('one crypt_r', 'cheap-crypt', 'limit')]),
    ('Loading a module: pam_start and pam_end', [
        ('pam_tokend', 'load-tokend', 'tokend'),
        ('pam_permit', 'load-permit', 'limit')]),
    ('What yescrypt could do, were its memory ours to give', [
        ('its 16 MiB mapped with MAP_POPULATE', 'populated', 'limit'),
        ('its 16 MiB kept from the hash before, wiped', 'kept', 'limit')]),
    ('For comparison', [('one fdatasync where the database is', 'sync', 'limit')]),
]


def report(bench, msec):
    for heading, rows in TABLES:
        bench.table(heading)
        for text, name, kind in rows:
            bench.row(text, {'time': (msec[name], 'ms')}, kind=kind)
    bench.bar('a login, times one by pam_unix nullok', msec['tokend'] / msec['unix-nullok'], 0.52)
    bench.bar('everything but one crypt_r', msec['tokend'] - msec['crypt'], 0.7, unit='ms')
    bench.bar('the same, beside a crypt_r that did not rest', msec['tokend'] - msec['crypt-restless'], 0.7, unit='ms')
    bench.bar('loading, more than libpam alone', msec['load-tokend'] - msec['load-permit'], 0.3, unit='ms')
    bench.bar('beyond: a login, times one by pam_unix nullok', msec['tokend'] / msec['unix-nullok'], 0.3)
    bench.plot('bars', 'A login by PAM, yescrypt', 'ms', [
        ('pam_tokend', msec['tokend'], 'tokend'), ('one crypt_r', msec['crypt'], 'limit'),
        ('pam_unix nullok', msec['unix-nullok'], 'peer'), ('pam_unix', msec['unix'], 'peer')])


def measure(bench):
    subprocess.run(['useradd', '--no-create-home', 'bench'], check=True)
    with bench.tokend(config={'Password': {'Hash': 'yescrypt', 'Rounds': '0'}}) as server, \
            bench.tokend(config={'Password': {'Hash': 'sha256crypt', 'Rounds': '1000'}}) as other:
        login, cheap = Login(bench, server, 'yescrypt'), Login(bench, other, 'cheap')
        subprocess.run(['usermod', '--password', login.hash, 'bench'], check=True)
        found = bench.rounds(functions(bench, login, cheap))
    maps = pathlib.Path('/sys/kernel/mm/transparent_hugepage/enabled').read_text()
    bench.note(f'Transparent huge pages: {maps.strip()}. libxcrypt maps 16 MiB for each hash and unmaps them; the last '
               'table redefines mmap() in a test program, which no program should.')
    report(bench, {name: values['msec'] for name, values in found.items()})
