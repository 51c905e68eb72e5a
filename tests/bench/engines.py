"""SQLite beside the other embedded engines that Debian carries and that are well kept."""

import json
import os
import subprocess

import bench as framework
import peers
import report

TITLE = 'The embedded store'
ABOUT = ('The same rows, findable by hash, by owner and by expiry, in commits of one size, each answered when it is on '
         'the disk: SQLite as tokend uses it, LMDB, and RocksDB with `sync` set. One thread, no daemon. Left out: '
         'Berkeley DB, which is no longer kept up, and LevelDB, which RocksDB came from.')
SOURCES = framework.HERE / 'engines'
# name, library, package
ENGINES = [('SQLite', 'sqlite', 'sqlite3', 'libsqlite3-0'), ('LMDB', 'lmdb', 'lmdb', 'liblmdb0'),
           ('RocksDB', 'rocksdb', 'rocksdb', 'librocksdb7.8')]
SIZES = [1, 64, 1000]
ENV = {**os.environ, 'LD_LIBRARY_PATH': str(peers.LIBRARIES)}


class Engine:
    def __init__(self, bench, title, name, library, package):
        self.bench = bench
        self.title, self.name = title, name
        self.folder = bench.file(name)
        self.folder.mkdir()
        self.program = bench.file(f'engine-{name}')
        subprocess.run(['gcc', '-O2', '-std=gnu11', '-D_GNU_SOURCE', f'-I{peers.DEBIAN}/usr/include',
                        f'-L{peers.LIBRARIES}', f'-Wl,-rpath-link,{peers.LIBRARIES}', '-o', self.program,
                        SOURCES / 'engines.c', SOURCES / f'engine-{name}.c', f'-l{library}'], check=True)
        if package != 'libsqlite3-0':
            bench.version(title, framework.find(rf'^{package} (\S+)', peers.DEBIAN.parent / 'versions'))

    def run(self, *arguments):
        command = [*self.bench.pin('server'), self.program, self.folder, *arguments]
        return json.loads(framework.output_of(command, env=ENV) or '{}')


def present(bench):
    peers.install()
    for title, name, library, package in ENGINES:
        if name == 'sqlite' or (peers.LIBRARIES / f'lib{library}.so').exists():
            yield Engine(bench, title, name, library, package)
        else:
            bench.skip(f'{title}: {package} could not be installed')


def measure(bench):
    n, seconds = bench.small(300_000, 10_000), 0.2 if bench.quick else 1.5
    engines = list(present(bench))
    for engine in engines:
        engine.run('fill', n)
    functions = {(engine.name, size): lambda engine=engine, size=size: engine.run('commit', size, seconds)
                 for size in SIZES for engine in engines}
    functions |= {(engine.name, 'look-up'): lambda engine=engine: engine.run('look-up', n, seconds / 3)
                  for engine in engines}
    found = bench.rounds(functions)
    for what in (*SIZES, 'look-up'):
        bench.table(f'Look-ups by hash, {n:,} rows and more' if what == 'look-up' else 'One row a commit' if what == 1
                    else f'{what:,} rows a commit')
        for engine in engines:
            row = found[engine.name, what]
            bench.row(engine.title, {'rows': (row['per_second'], '1/s'), 'CPU a row': (row['cpu_usec'], 'µs'),
                                     'median time': (row['usec.p50'], 'µs'), 'p99': (row['usec.p99'], 'µs')},
                      kind='tokend' if engine.name == 'sqlite' else 'peer')
    conclude(bench, engines, found)


def conclude(bench, engines, found):
    times = {}
    for engine in engines:
        for size in SIZES if engine.name != 'sqlite' else ():
            times[engine.title, size] = found[engine.name, size]['per_second'] / found['sqlite', size]['per_second']
    for title in dict.fromkeys(title for title, _ in times):
        bench.note(f'{title}, times SQLite\'s durable rate: ' + ', '.join(
            f'{report.extremes(times[title, size].all)} with {size:,} row{"s" if size > 1 else ""} a commit'
            for size in SIZES) + '.')
    twice = dict.fromkeys(title for (title, _), samples in times.items() if samples.median >= 2)
    bench.note(f'At least twice SQLite\'s durable rate, with commits of some size: {", ".join(twice) or "none"}.')
    bench.plot('bars', 'Durable rows with 64 rows a commit', '1/s',
               [(engine.title, found[engine.name, 64]['per_second'], 'tokend' if engine.name == 'sqlite' else 'peer')
                for engine in engines])
