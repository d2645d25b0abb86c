#!/usr/bin/python3
"""A TCP proxy that keeps every byte of both directions in one file.

    record.py LISTEN_PORT TARGET_PORT FILE
"""
import selectors
import socket
import sys

listen_port, target_port = int(sys.argv[1]), int(sys.argv[2])
record = open(sys.argv[3], "ab", buffering=0)
events = selectors.DefaultSelector()


def accept(server):
    client, _ = server.accept()
    try:
        target = socket.create_connection(("127.0.0.1", target_port))
    except OSError:
        client.close()
        return
    for one, other in ((client, target), (target, client)):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        events.register(one, selectors.EVENT_READ, other)


def forward(source, other):
    try:
        data = source.recv(65536)
        if data:
            record.write(data)
            other.sendall(data)
            return
    except OSError:
        pass
    for end in (source, other):
        events.unregister(end)
        end.close()


server = socket.create_server(("127.0.0.1", listen_port))
events.register(server, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in events.select():
        if key.fileobj is server:
            accept(server)
        elif key.fileobj.fileno() >= 0:
            forward(key.fileobj, key.data)
