"""The password workers from outside: a bounded queue, and root's logins first (design.md, check 2)."""

import json
import os
import re
import selectors
import socket
import time
import urllib.parse

import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

QUEUE = 3
FLOOD = 500


@pytest.fixture
def busy(make_tokend):
    """One worker, a hash that takes about a second, ada with uid 70000."""
    daemon = make_tokend({'Password': {'Hash': 'bcrypt', 'Rounds': '13', 'Workers': '1', 'Queue': QUEUE,
                                       'Throttle': 'no'}}).start()
    user = daemon.add_user('ada')
    return daemon, user['uid']


def grant_bytes(user, password):
    form = urllib.parse.urlencode({'grant_type': 'password', 'username': user, 'password': password})
    return (f'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n'
            f'Content-Length: {len(form)}\r\nConnection: close\r\n\r\n{form}').encode()


def flood(path, n, told):
    """n grants at once; [(status, ns when it was answered)]. told() once all of them are sent."""
    selector = selectors.DefaultSelector()
    sockets = []
    for _ in range(n):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(path))
        sockets.append(s)
    for s in sockets:
        s.sendall(grant_bytes('ada', 'correct horse'))
        selector.register(s, selectors.EVENT_READ)
    told()
    answers = []
    while selector.get_map():
        for key, _ in selector.select(system.PATIENCE):
            data = key.fileobj.recv(4096)
            if data:
                answers.append((int(data.split(b' ')[1]), time.monotonic_ns()))
            selector.unregister(key.fileobj)
            key.fileobj.close()
    return answers


def flood_as(uid, daemon, n):
    """flood() in a process of uid: (wait until sent, wait for the answers)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answers = flood(daemon.socket, n, lambda: os.write(writer, b'\n'))
            os.write(writer, json.dumps(answers).encode())
        finally:
            os._exit(0)
    os.close(writer)
    pipe = os.fdopen(reader)

    def answers():
        text = pipe.read()
        os.waitpid(pid, 0)
        return json.loads(text)

    return pipe.readline, answers


def resident(pid):
    return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{pid}/status').read()).group(1))


def test_flood_is_bounded_and_root_goes_first(busy):
    daemon, uid = busy
    assert daemon.grant('ada').status == 200
    memory = resident(daemon.process.pid)
    sent, answers = flood_as(uid, daemon, FLOOD)
    sent()
    assert daemon.grant('ada').status == 200
    root_answered = time.monotonic_ns()
    answers = answers()
    good = sorted(when for status, when in answers if status == 200)
    refused = sorted(when for status, when in answers if status != 200)
    assert len(good) == 1 + QUEUE
    assert {status for status, _ in answers} == {200, 503}
    assert len(refused) == FLOOD - 1 - QUEUE
    assert refused[-1] < good[0]
    assert good[0] < root_answered < good[1]
    if 'sanitize' not in str(system.BUILD):
        assert resident(daemon.process.pid) - memory < 16 * 1024


def test_refused_grants_say_when_to_come_back(busy):
    daemon, uid = busy
    sent, answers = flood_as(uid, daemon, 20)
    sent()
    reply = daemon.grant('ada', uid=uid)
    assert reply.status == 503
    assert int(reply.headers['retry-after']) > 0
    assert reply.json()['reason'] == 'overloaded'
    assert sum(status == 200 for status, _ in answers()) == 1 + QUEUE


def test_introspection_does_not_wait_for_hashes(busy):
    daemon, uid = busy
    token = daemon.ctl_json('token', 'issue', '--user=ada')['access_token']
    sent, answers = flood_as(uid, daemon, 20)
    sent()
    assert daemon.is_active(token)
    introspected = time.monotonic_ns()
    assert introspected < min(when for status, when in answers() if status == 200)
