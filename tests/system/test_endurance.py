"""Many authentications in one process, against the real daemon, leave nothing behind (threat 11).

TOKEND_ENDURANCE=100000 makes as many of them; without it, enough to see a leak of one thing each.
"""

import os
import subprocess

import pytest

import tokend as system

pytestmark = pytest.mark.root

COUNT = int(os.environ.get('TOKEND_ENDURANCE', 4000))


def test_endurance(folder, make_tokend, capsys):
    daemon = make_tokend({'Password': {'Throttle': 'no'}}).start()
    daemon.add_user('ada', 'correct horse')
    services = os.path.join(folder, 'pam.d')
    os.mkdir(services)
    for name in ('test', 'other'):
        with open(os.path.join(services, name), 'w') as file:
            file.write(f'auth required {system.MODULE} socket={daemon.socket} timeout=30\n')
    done = subprocess.run([system.BUILD / 'tests/pam-endurance', services, 'test', str(COUNT), 'ada', 'correct horse'],
                          capture_output=True, text=True, timeout=60 + COUNT / 50)
    with capsys.disabled():
        print(f'\n{done.stdout.strip()}')
    assert done.returncode == 0, done
    assert f'{COUNT} authentications, 0 with a wrong code' in done.stdout
