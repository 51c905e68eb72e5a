"""What the tests of client programs share: a tokend behind one URL, and node with its packages."""

import functools
import json
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys

import pytest

import tokend as system

NODE = pathlib.Path(os.environ.get('TOKEND_NODE', system.ROOT / 'build/node')).resolve()

# The sanitizers see the same code behind both.
DOORS = [pytest.param('tcp', marks=pytest.mark.sanitize), 'socket']

# Bytes as they come, between a port and tokend's socket: most clients can't speak to a socket.
RELAY = '''
import asyncio, sys
port, path = sys.argv[1:]

async def copy(reader, writer):
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()

async def serve(reader, writer):
    other_reader, other_writer = await asyncio.open_unix_connection(path)
    await asyncio.gather(copy(reader, other_writer), copy(other_reader, writer))

async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', port)
    await server.serve_forever()

asyncio.run(main())
'''


class Door:
    """A daemon, and the URL that leads to it: over TCP, or over its socket as some uid."""

    def __init__(self, make_tokend, kind, config=None, uid=65534):
        config = dict(config or {})
        self.relay = None
        if kind == 'socket':
            port = system.free_port()
            self.url = f'http://127.0.0.1:{port}'
            config['Http'] = {'Listen': '', 'Issuer': self.url, **config.get('Http', {})}
        self.daemon = make_tokend(config).start()
        if kind == 'tcp':
            self.url = f'http://127.0.0.1:{self.daemon.port}'
            return
        options = {'user': uid, 'group': uid, 'extra_groups': []} if os.geteuid() == 0 else {}
        self.relay = system.Process([sys.executable, '-c', RELAY, port, self.daemon.socket],
                                    self.daemon.folder / 'relay.log', **options)
        system.wait_for(lambda: self.answers(port), 'the relay')

    def answers(self, port):
        assert self.relay.popen.poll() is None, self.relay.output()
        return connects(port)

    def add_client(self, name, secret, grants, **options):
        flags = [f'--{key.replace("_", "-")}={value}' for key, value in options.items()]
        return self.daemon.ctl_json('client', 'add', name, f'--grants={grants}', *flags, '--secret-file=-',
                                    input=secret)

    def stop(self):
        if self.relay:
            self.relay.stop()


def connects(port):
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) == 0


@functools.cache
def node_version():
    if not shutil.which('node'):
        return None
    text = subprocess.run(['node', '--version'], capture_output=True, text=True, check=True).stdout
    return int(re.match(r'v(\d+)', text)[1])


def need_node():
    if node_version() is None:
        pytest.skip('node is not installed')
    if not (NODE / 'installed.json').exists():
        pytest.skip(f'no npm packages in {NODE}: tests/system/node/install puts them there')


def environment(**more):
    """For client programs: nothing of ours that leads them elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith('_proxy')}
    options = '--experimental-global-webcrypto' if (node_version() or 99) < 19 else ''
    return {**kept, 'NODE_OPTIONS': options, 'NODE_NO_WARNINGS': '1', **more}


def link_modules(folder):
    """Node looks for packages beside the file that wants them."""
    link = pathlib.Path(folder) / 'node_modules'
    if not link.exists():
        link.symlink_to(NODE / 'node_modules')


def run(command, check=True, **env):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=system.PATIENCE, env=environment(**env))
    if check:
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done


class Driver:
    """A program of node/ that answers a line with a line, from a folder where it finds its packages."""

    def __init__(self, folder, program):
        for name in (program, 'serve.mjs'):
            shutil.copy(system.ROOT / 'tests/system/node' / name, folder)
        link_modules(folder)
        self.log = open(os.path.join(folder, f'{program}.log'), 'w+')
        self.process = subprocess.Popen(['node', os.path.join(folder, program)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment())

    def call(self, verb, client, given):
        print(json.dumps({'verb': verb, 'client': client, 'given': given}), file=self.process.stdin, flush=True)
        ready, _, _ = select.select([self.process.stdout], [], [], system.PATIENCE)
        line = self.process.stdout.readline() if ready else ''
        assert line, self.complaint()
        answer = json.loads(line)
        assert 'result' in answer, answer['fault']
        return answer['result']

    def complaint(self):
        self.log.seek(0)
        return f'no answer: {self.log.read()}'

    def stop(self):
        self.process.stdin.close()
        self.process.wait(system.PATIENCE)
        self.process.stdout.close()
        self.log.close()
