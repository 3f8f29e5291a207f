"""What Schemathesis does not know by itself.

Lines of JSON are sent as the text they are. Where a made-up id stands, every other request names a thing that is there
(`CHAJIPOA_KNOWN`, a JSON object such as {"station_id": "…"}), so that good answers are looked at too, not only refusals.
"""

import json
import os
import re
import zlib

import schemathesis

schemathesis.serializer.alias("application/x-ndjson", "text/plain")

KNOWN = json.loads(os.environ.get("CHAJIPOA_KNOWN") or "{}")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _known(name, value):
    """The thing of this name that is there, in place of every other made-up value."""
    made_up = isinstance(value, (int, str)) and not isinstance(value, bool)
    if name not in KNOWN or not made_up:
        return value
    # A position that is not reached yet is waited for, two seconds each: one that is there answers at once.
    if name == "as_of" and str(value).startswith("position:"):
        return KNOWN[name]
    if name.endswith("_id") and not ID.fullmatch(str(value)):
        return value
    return KNOWN[name] if zlib.crc32(repr(value).encode()) % 2 else value


@schemathesis.hook
def before_call(context, case, **kwargs):
    # /api/v1/stations/{id}: the id is a station_id.
    thing = case.operation.path.removeprefix("/api/v1/").split("/")[0].rstrip("s")
    for name, value in list((case.path_parameters or {}).items()):
        case.path_parameters[name] = _known(f"{thing}_id" if name == "id" else name, value)
    for part in (case.query, case.body):
        if isinstance(part, dict):
            for name, value in list(part.items()):
                part[name] = _known(name, value)
