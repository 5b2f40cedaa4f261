"""python-zeroconf as a neighbour: `browse` prints each service of our type as a line of JSON, `publish` publishes the one it is given as JSON. Either until its input ends."""

import json
import socket
import sys

from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf

TYPE = "_intermachine._tcp.local."


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name)
        if info:
            tell(
                "added",
                name=name,
                server=info.server,
                port=info.port,
                addresses=info.parsed_addresses(),
                properties={key.decode(): (value or b"").decode() for key, value in info.properties.items()},
            )

    update_service = add_service

    def remove_service(self, zeroconf, kind, name):
        tell("removed", name=name)


zeroconf = Zeroconf()
if sys.argv[1] == "browse":
    ServiceBrowser(zeroconf, TYPE, Listener())
else:
    given = json.loads(sys.argv[2])
    addresses = [socket.inet_aton(address) for address in given["addresses"]]
    name = f"{given['instance']}.{TYPE}"
    zeroconf.register_service(
        ServiceInfo(TYPE, name, port=given["port"], properties=given["properties"], addresses=addresses, server=f"{given['instance']}.local.")
    )
tell("ready")
sys.stdin.read()
zeroconf.unregister_all_services()
zeroconf.close()
