"""What every benchmark works with. A benchmark is tests/bench/NAME.py with

    TITLE = 'Introspection of a cached token'     # its heading in docs/performance.md
    ABOUT = 'A sentence or two: what is asked of whom, and what the limit is.'
    def measure(bench): ...                       # bench: Bench, below

measure() starts servers, measures them in turn, and says what came of it:

    def measure(bench):
        with bench.tokend() as server, bench.fixed(300) as limit:
            request = bench.post('/oauth/introspect', {'token': '@' * 64})
            found = bench.rounds({
                'tokend': lambda: bench.load(server, request, values=tokens, expect='"active":true'),
                'limit': lambda: bench.load(limit, request, values=tokens)})
            for name, kind in (('tokend', 'tokend'), ('limit', 'limit')):
                bench.row(name, {'server CPU': (found[name]['cpu_usec'], 'µs'),
                                 'requests': (found[name]['per_second'], '1/s')}, kind=kind)
            bench.bar('server CPU, times the limit',
                      found['tokend']['cpu_usec'] / found['limit']['cpu_usec'], 1.4)

Invariants: whatever was started ends with its "with"; servers run on a core of their own, and what
asks them on another; a figure that is printed is one that is written to docs/performance/NAME.json.

Servers (each has .pids; .address for load(): a socket's path, or ":PORT"):
    bench.tokend(config={'Daemon': {'CacheTokens': 9}}, database=PATH, tcp=False, cores=None, name=…)
        a tests/system/tokend.py Tokend of the release build, started and ready; with its database
        on the disk. .socket_address, .tcp_address; .address is the one that tcp= says.
        database: an existing file, e.g. bench.seeded(n); it is used in place.
        cores: '0-1' for a server that may have more than its core
    bench.fixed(size, tcp=False)            the limit of libmicrohttpd: a reply of so many bytes
    bench.peers('oidc-provider', …)         all of peers.py that are there, or these; those with a
                                            request for it by bench.peers(what='password')
    bench.process([…], name, cores=None)    any program as a server: started on the server's core;
                                            .pids, .output(), .log; you wait until it is ready
Asking:
    bench.post(path, form, headers={})      the bytes of a request on a kept connection
    bench.basic(id, secret)                 the value of Authorization
    bench.load(server_or_address, request, values=[…] or a path, connections=32, requests=200000,
               expect='text', status=200, seconds=None, gap_usec=0, first=0, server=None, busy=False)
        -> {requests, seconds, per_second, reply_bytes, usec: {least, p50, p90, p99, most},
            cpu_usec: the server's CPU time for one request}
        Each value takes the place of as many @ signs, from the one with number first=. QUICK=1 asks a
        hundredth, but see exactly=True. busy: it never sleeps, and no server's time goes into waking it.
    bench.program('store', 'issue', …)      a program of tests/bench on the server's core -> its JSON
Measuring:
    bench.rounds({name: function})          each function() -> dict of numbers; called A B A B, a
        warm-up round first that does not count -> {name: {key: Samples}}; {'usec': {'p50': …}} is
        ['usec.p50']. seconds_rest=0.2: a pause before each
    Samples: .all .median .least .most; a + b, a - b, a * b, a / b round by round, or with a number
    bench.cpu_usec(pids), bench.rss(pid) in bytes, bench.pin('load') or ('server'): a command's prefix
    bench.folder: on the disk, for files; bench.run_folder: for sockets; both end with the benchmark
    bench.build: where programs were built
    bench.quick, bench.small(n, least=1): n, or a hundredth with QUICK=1
    bench.seeded(n, copy=False): a database with n live tokens (seeded.py has their texts), made once a
        run; used in place by what changes no token, else take a copy
Results:
    bench.table('Over TCP')                 what follows stands in a table of its own
    bench.row(name, {column: (Samples or number, unit)}, kind='tokend'|'limit'|'peer')
    bench.bar(text, Samples or number, most) or bar(text, value, at_least=0.6); unit='µs'
    bench.note('A sentence under the table.'); bench.skip('why something is not there'): printed only
    bench.plot('bars', title, unit, [(name, Samples or number, kind), …])
    bench.plot('lines', title, unit, {name: [(x, Samples or number), …]}, x='live tokens')
        log scales where the values need them
    bench.version('glewlwyd', '2.7.5')      besides those that stand there anyway
    bench.keep()                            writes what was found so far: before what takes very long
"""

import ast
import base64
import contextlib
import datetime
import fcntl
import hashlib
import importlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / 'tests/bench'
sys.path[:0] = [str(HERE), str(ROOT / 'tests/system')]
import report
import seeded
import tokend as system

BUILD = system.BUILD
QUICK = bool(os.environ.get('QUICK'))
CORES = sorted(os.sched_getaffinity(0))
CORE = {'load': str(CORES[0]), 'server': str(CORES[1 % len(CORES)])}
PRIORITY = ['chrt', '--fifo', '50'] if os.environ.get('REALTIME') else []


class Samples:
    """What the rounds gave for one thing."""

    def __init__(self, values):
        self.all = list(values)

    median = property(lambda self: statistics.median(self.all))
    least = property(lambda self: min(self.all))
    most = property(lambda self: max(self.all))

    def with_other(self, other, function):
        others = other.all if isinstance(other, Samples) else [other] * len(self.all)
        return Samples(function(a, b) for a, b in zip(self.all, others, strict=True))

    def __add__(self, other):
        return self.with_other(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self.with_other(other, lambda a, b: a - b)

    def __mul__(self, other):
        return self.with_other(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self.with_other(other, lambda a, b: a / b)

    def __rsub__(self, other):
        return self.with_other(other, lambda a, b: b - a)

    def __rtruediv__(self, other):
        return self.with_other(other, lambda a, b: b / a)

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self):
        return f'Samples({self.all})'


def samples_of(value):
    return value if isinstance(value, Samples) else Samples([value])


def flat(values, prefix=''):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f'{prefix}{key}.')
        else:
            yield prefix + key, value


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError:
        return ''
    return done.stdout.partition('\n')[0].strip()


def output_of(command, **options):
    """What a program printed; that it failed is an error, of what it said."""
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(done.stderr or f'{command}: ended with {done.returncode}')
    return done.stdout


def find(pattern, path):
    found = re.search(pattern, pathlib.Path(path).read_text(), re.M)
    return found[1] if found else ''


def machine(folder):
    kib = int(find(r'^MemTotal:\s+(\d+)', '/proc/meminfo'))
    return {'processor': find(r'^model name\s*:\s*(.*)', '/proc/cpuinfo') or platform.machine(),
            'cores': len(CORES), 'memory GiB': round(kib / 2**20),
            'file system': first_line(['findmnt', '-n', '-o', 'FSTYPE', '--target', folder]),
            'virtual': first_line(['systemd-detect-virt', '--vm']) or 'unknown',
            'load before': round(os.getloadavg()[0], 2)}


def versions():
    git = ['git', '-C', ROOT, '-c', f'safe.directory={ROOT}']
    changed = first_line([*git, 'status', '--porcelain', 'daemon', 'client', 'pam'])
    found = {'tokend': first_line([*git, 'rev-parse', '--short', 'HEAD']) + (' and changes' if changed else ''),
             'Debian': pathlib.Path('/etc/debian_version').read_text().strip(), 'Linux': platform.release()}
    for name, package in (('libmicrohttpd', 'libmicrohttpd12'), ('SQLite', 'libsqlite3-0'),
                          ('libxcrypt', 'libcrypt1'), ('gcc', 'gcc')):
        found[name] = first_line(['dpkg-query', '-W', '-f', '${Version}', package])
    return {name: version for name, version in found.items() if version}


class Tokend(system.Tokend):
    """address: where load() asks."""

    tcp = False
    pids = property(lambda self: [self.process.pid])
    socket_address = property(lambda self: str(self.socket))
    tcp_address = property(lambda self: f':{self.port}')
    address = property(lambda self: self.tcp_address if self.tcp else self.socket_address)

    def authority(self):
        """What Host has to say."""
        return f'127.0.0.1:{self.port}' if self.tcp else 'localhost'


class Program(system.Process):
    address = None
    pids = property(lambda self: [self.pid])


class Bench:
    """One benchmark's tools, and what it found."""

    def __init__(self, name, module, disk):
        """disk: a folder there, the run's."""
        self.name = name
        self.disk = disk
        self.build = BUILD
        self.quick = QUICK
        self.n_rounds = int(os.environ.get('ROUNDS', 1 if QUICK else 5))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f'{name}-', dir=disk))
        self.run_folder = pathlib.Path(tempfile.mkdtemp(prefix='tokend-bench-', dir='/run'))
        self.run_folder.chmod(0o755)
        self.n_files = 0
        self.result = {'name': name, 'title': module.TITLE, 'about': module.ABOUT,
                       'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d'),
                       'command': f'{"REALTIME=1 " if PRIORITY else ""}tests/bench/run {name}', 'rounds': self.n_rounds,
                       'machine': machine(self.folder), 'versions': versions(),
                       'tables': [], 'bars': [], 'plots': [], 'notes': []}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.run_folder, ignore_errors=True)

    # Servers

    def file(self, name):
        self.n_files += 1
        return self.folder / f'{self.n_files}-{name}'

    def pin(self, what, cores=None):
        return [*PRIORITY, 'taskset', '-c', cores or CORE[what]]

    @contextlib.contextmanager
    def tokend(self, config=None, database=None, tcp=False, cores=None, name='tokend', **options):
        self.n_files += 1
        server = Tokend(self.run_folder / f'{name}{self.n_files}', config=None, **options)
        server.tcp = tcp
        server.database = pathlib.Path(database or self.file('tokend.db'))
        server.config['Daemon'] |= {'LogLevel': 'info', 'Store': f'sqlite:{server.database}'}
        for section, keys in (config or {}).items():
            server.config.setdefault(section, {}).update(keys)
        try:
            yield server.start(prefix=self.pin('server', cores))
        finally:
            server.stop()

    @contextlib.contextmanager
    def process(self, command, name, cores=None, **options):
        program = Program([*self.pin('server', cores), *command], self.file(f'{name}.log'), **options)
        try:
            yield program
        finally:
            program.stop()

    @contextlib.contextmanager
    def fixed(self, size, tcp=False):
        self.n_files += 1
        path = self.run_folder / f'fixed{self.n_files}'
        with self.process([BUILD / 'tests/fixed', ':0' if tcp else path, size], 'fixed') as program:
            port = system.wait_for(lambda: re.match(r'(\d+)\n', program.output()), 'the fixed server')[1]
            program.address = f':{port}' if tcp else str(path)
            yield program

    @contextlib.contextmanager
    def peers(self, *names, what='introspect', **options):
        """[] with PEERS=no."""
        with contextlib.ExitStack() as stack:
            if os.environ.get('PEERS') == 'no':
                self.skip('peers')
                yield []
                return
            # they build on this file
            import peers
            kinds = [kind for kind in peers.PEERS if getattr(kind, what) and (not names or kind.name in names)]
            yield [stack.enter_context(kind(self, **options)) for kind in peers.present(self, kinds)]

    # Asking

    @staticmethod
    def basic(client, secret):
        return 'Basic ' + base64.b64encode(f'{client}:{secret}'.encode()).decode()

    @staticmethod
    def post(path, form, headers=None, host='localhost'):
        body = urllib.parse.urlencode(form, safe='@') if isinstance(form, dict) else form
        fields = {'Host': host, 'Content-Type': 'application/x-www-form-urlencoded',
                  **(headers or {}), 'Content-Length': len(body)}
        head = ''.join(f'{name}: {value}\r\n' for name, value in fields.items())
        return f'POST {path} HTTP/1.1\r\n{head}\r\n{body}'.encode()

    def values_file(self, values):
        """One file for one list, however often it is asked with."""
        if isinstance(values, (str, pathlib.Path)):
            return values
        path = self.folder / f'values-{id(values)}'
        text = '\n'.join(values) + '\n'
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        return path

    def request_file(self, request):
        """By its contents: several may be asked with at once."""
        path = self.folder / f'request-{hashlib.sha256(request).hexdigest()}'
        if not path.exists():
            path.with_suffix(f'.{threading.get_ident()}').write_bytes(request)
            path.with_suffix(f'.{threading.get_ident()}').rename(path)
        return path

    def load(self, where, request, values=None, connections=32, requests=200000, expect=None, status=200,
             seconds=None, gap_usec=0, first=0, server=None, exactly=False, busy=False):
        server = server or (where if hasattr(where, 'pids') else None)
        if not exactly:
            requests = max(self.small(requests), connections)
        command = [*self.pin('load'), BUILD / 'tests/load', '-c', connections, '-n', requests, '-s', status,
                   '-g', gap_usec, '-f', first]
        command += (['-e', expect] if expect else []) + (['-d', seconds] if seconds else []) + ['-b'] * busy
        command += [getattr(where, 'address', where), self.request_file(request)] + ([self.values_file(values)] if values else [])
        before = self.cpu_usec(server.pids) if server else 0
        try:
            found = json.loads(output_of(command))
        except RuntimeError as error:
            raise RuntimeError(f'{error}{server.output()[-2000:] if hasattr(server, "output") else ""}') from error
        found['per_second'] = found['requests'] / found['seconds']
        if server:
            found['cpu_usec'] = (self.cpu_usec(server.pids) - before) / found['requests']
        return found

    # Measuring

    def program(self, name, *arguments):
        return json.loads(output_of([*self.pin('server'), self.build / 'tests' / name, *arguments]))

    def small(self, n, least=1):
        return max(n // 100, least) if self.quick else n

    def rounds(self, functions, seconds_rest=0):
        found = {name: {} for name in functions}
        for counted in [False] * (not self.quick) + [True] * self.n_rounds:
            for name, function in functions.items():
                time.sleep(seconds_rest)
                values = dict(flat(function()))
                for key in values if counted else ():
                    found[name].setdefault(key, []).append(values[key])
        return {name: {key: Samples(values) for key, values in keys.items()} for name, keys in found.items()}

    @staticmethod
    def cpu_usec(pids):
        """Of all threads, ended ones too: the processes' own clocks (clock_getcpuclockid(3))."""
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids) / 1000

    @staticmethod
    def rss(pid):
        return 1024 * int(find(r'^VmRSS:\s+(\d+)', f'/proc/{pid}/status'))

    def seeded(self, n, copy=False):
        """A database with n live tokens, made once a run, or once for all with SEEDS=FOLDER."""
        path = pathlib.Path(os.environ.get('SEEDS') or self.disk) / f'tokens-{n}.db'
        if not path.exists():
            seeded.make(path, n)
        return shutil.copy(path, self.file('tokens.db')) if copy else path

    # Results

    def table(self, heading=None):
        self.result['tables'].append({'heading': heading, 'rows': []})
        if heading:
            print(f'  {heading}', flush=True)

    def row(self, name, values, kind):
        if not self.result['tables']:
            self.table()
        cells = {column: {'unit': unit, 'all': samples_of(value).all} for column, (value, unit) in values.items()}
        self.result['tables'][-1]['rows'].append({'name': name, 'kind': kind, 'values': cells})
        print(f'  {name:32}', '  '.join(f'{column} {report.extremes(cell["all"])} {cell["unit"]}'.rstrip()
                                       for column, cell in cells.items()), flush=True)

    def bar(self, text, value, most=None, at_least=None, unit=''):
        samples = samples_of(value)
        met = samples.median <= most if most is not None else samples.median >= at_least
        self.result['bars'].append({'text': text, 'unit': unit, 'all': samples.all, 'most': most,
                                    'at_least': at_least, 'met': met})
        kept = self.result['bars'][-1]
        print(f'  {"met   " if met else "MISSED"} {text}: {report.extremes(samples.all, report.precise)} {unit}'.rstrip()
              + f', bar {report.limit_of(kept)}', flush=True)

    def plot(self, kind, title, unit, values, x=None):
        def plain(points):
            return [[point[0], samples_of(point[1]).all, *point[2:]] for point in points]
        self.result['plots'].append({
            'kind': kind, 'title': title, 'unit': unit, 'x': x,
            'values': plain(values) if kind == 'bars' else {name: plain(points) for name, points in values.items()}})

    def note(self, text):
        self.result['notes'].append(text)
        print(f'  {text}', flush=True)

    def skip(self, text):
        print(f'  skipped: {text}', flush=True)

    def version(self, name, version):
        self.result['versions'][name] = version

    def keep(self):
        """In the document as well, which is whole at any time."""
        if not self.quick:
            report.keep(self.result)
            report.write()


def titles():
    """{name: title} of all benchmarks, in the document's order."""
    found = {}
    for path in sorted(HERE.glob('*.py')):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == 'TITLE':
                found[path.stem] = ast.literal_eval(node.value)
    return dict(sorted(found.items(), key=lambda item: report.place(item[0])))


@contextlib.contextmanager
def disk_folder():
    """In the build folder. It is locked: what nobody holds is left of a run that was killed."""
    for path in BUILD.glob('bench.*'):
        with contextlib.suppress(OSError), open_folder(path):
            shutil.rmtree(path)
    path = pathlib.Path(tempfile.mkdtemp(prefix='bench.', dir=BUILD))
    with open_folder(path):
        try:
            yield path
        finally:
            shutil.rmtree(path)


@contextlib.contextmanager
def open_folder(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


def run(name, disk):
    """What it found, or None when it failed."""
    module = importlib.import_module(name)
    print(f'== {module.TITLE} ({name})', flush=True)
    bench = Bench(name, module, disk)
    try:
        module.measure(bench)
        bench.keep()
        return bench.result
    except Exception:
        traceback.print_exc()
        return None
    finally:
        bench.close()


def summary(results):
    print('== Bars')
    bars = [(name, bar) for name, result in results.items() if result for bar in result['bars']]
    for met in (True, False):
        for name, bar in bars:
            if bar['met'] == met:
                print(f'  {"met   " if met else "MISSED"} {name}: {bar["text"]}')
    for name in (name for name, result in results.items() if result is None):
        print(f'  FAILED {name}')


def main(names):
    # so that what was started ends with this
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = {}
    with disk_folder() as disk:
        for name in names or titles():
            results[name] = run(name, disk)
    summary(results)
    return 0 if all(results.values()) else 1


if __name__ == '__main__':
    import bench
    sys.exit(bench.main(sys.argv[1:]))
