"""Databases with any number of live tokens, written by seed.c, and the tokens' texts."""

import hashlib
import pathlib
import shutil
import subprocess

import tokend as system

N_USERS = 1000
N_CLIENTS = 7
FEW, MANY, CLIENT = 'few', 'many', 'client-0'
N_FEW = 100
FIRST_UID = 200_000


def text(number):
    """The text of token NUMBER (seeded.h)."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def make(path, n, n_many=None, expires=0, n_users=N_USERS):
    """Makes the database PATH with users, clients and n tokens, the first 100 of the user FEW, the next n_many (a
    tenth, else) of MANY, the rest of n_users others; their one expiry is in s UTC, 0: in 30 days. What is made is
    there at once and whole."""
    folder = pathlib.Path(f'{path}.making')
    shutil.rmtree(folder, ignore_errors=True)
    daemon = system.Tokend(folder)
    daemon.start()
    try:
        people = folder / 'people'
        people.write_text(''.join(f'{name}:x:{FIRST_UID + i}:{FIRST_UID + i}::/home/user:/bin/sh\n' for i, name in
                                  enumerate([FEW, MANY, *(f'user-{i}' for i in range(n_users))])))
        daemon.ctl('user', 'import', f'--passwd={people}', timeout=300)
        for i in range(N_CLIENTS):
            daemon.ctl('client', 'add', f'client-{i}', '--grants=client_credentials')
    finally:
        daemon.stop()
    subprocess.run([system.BUILD / 'tests/seed', daemon.database, str(n),
                    str(n // 10 if n_many is None else n_many), str(expires)], check=True)
    daemon.database.rename(path)
    shutil.rmtree(folder)
    return path
