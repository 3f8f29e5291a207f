"""Reads messages of the topic with the CloudEvents SDK for Python, as an outside consumer would.

Standard input: a line of JSON for each message, {"key", "headers": {name: value}, "value"}, everything in base64.
Standard output: a line of JSON for each, {"attributes": {name: text}, "data"}, as the SDK understood it.
"""

import base64
import json
import sys
from datetime import datetime

from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat


def text(value):
    return value.isoformat() if isinstance(value, datetime) else value


for line in sys.stdin:
    raw = json.loads(line)
    headers = {name: base64.b64decode(value) for name, value in raw["headers"].items()}
    message = KafkaMessage(headers, base64.b64decode(raw["key"]), base64.b64decode(raw["value"]))
    event = from_kafka(message, JSONFormat())
    attributes = {name: text(value) for name, value in event.get_attributes().items()}
    print(json.dumps({"attributes": attributes, "data": event.get_data()}))
